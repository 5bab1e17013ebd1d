"""Frozen values of the server and their transitions: no I/O, no clock, no entropy."""
