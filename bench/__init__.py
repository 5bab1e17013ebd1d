"""What a request costs: CPU milliseconds of server and PostgreSQL, as ratios to bare handlers."""
