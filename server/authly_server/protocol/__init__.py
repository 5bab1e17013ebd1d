"""The vocabulary of OAuth: strings in, values or named OAuth errors out; no I/O and no clock."""
