"""The only package that knows aiohttp's server: the table of routes, and a file an endpoint."""
