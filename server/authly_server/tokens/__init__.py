"""Tokens as text: made and read without the database."""
