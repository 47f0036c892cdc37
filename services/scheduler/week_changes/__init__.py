"""Which published weeks of a site have changed since somebody last asked."""
