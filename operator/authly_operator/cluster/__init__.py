"""What the operator says to the API server; the only package that knows kubernetes_asyncio."""
