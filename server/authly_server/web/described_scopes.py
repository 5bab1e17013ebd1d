"""What scopes mean to a person, in a language that they read."""

from collections.abc import Collection

from aiohttp import web

from authly_server.web import languages, services


async def describe(request: web.Request, names: Collection[str]) -> list[tuple[str, str]]:
    """Each scope by its name, with its description; an empty one for what is not known any more."""
    read = languages.of(request)
    known = await services.of(request).registry.scopes()
    described = {scope.name: scope.described_in(read) for scope in known}
    return [(name, described.get(name, "")) for name in sorted(names)]
