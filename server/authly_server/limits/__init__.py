"""How often something may be done: rates, and where what has been done is counted."""
