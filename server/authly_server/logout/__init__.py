"""The end of a session without HTTP: who may end it unasked, and who is told of it."""
