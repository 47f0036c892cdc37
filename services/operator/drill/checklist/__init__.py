"""The black-box checklist of the front door: 88 numbered checks that a stranger makes over HTTP."""
