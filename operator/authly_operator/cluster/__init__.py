"""What the operator says to the API server, over HTTP, with plain dicts."""
