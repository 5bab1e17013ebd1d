"""What a backup can fail with."""


class BackupError(Exception):
    """No backup was made; the text is one line for people and holds no secret."""
