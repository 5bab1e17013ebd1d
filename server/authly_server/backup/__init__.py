"""Backups: pg_dump, compressed on the way into a directory or a bucket, and their retention."""
