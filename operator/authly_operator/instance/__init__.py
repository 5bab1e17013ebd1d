"""What the operator says to a running authorization server: its database, its HTTP face.

The only package of the operator that knows psycopg.
"""
