"""The authorization server: OAuth 2.1 over HTTP, PostgreSQL its only storage."""
