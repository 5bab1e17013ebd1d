"""Mail to people: what is written, how it is handed over, and what waits for that."""
