"""Notice providers: who carries an organization's messages, by a signed webhook, and when none may leave."""
