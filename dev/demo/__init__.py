"""A whole authorization server, from nothing to a token: `python3 dev/demo --help`."""
