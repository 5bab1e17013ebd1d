"""The authorization endpoint without HTTP: checks, what is asked of a person, the answer."""
