"""The cookie of browsers in which people have signed in; see `users.devices`."""

from uuid import UUID

from aiohttp import web

from authly_server import entropy
from authly_server.users.devices import MOST, Device
from authly_server.web import cookies, services
from authly_server.web.response import Response


_ID_BYTES = 16


def held(request: web.Request) -> tuple[Device, ...]:
    """Who has signed in on this browser before, the last one first."""
    value = cookies.device(request)
    return () if value is None else services.of(request).devices.read(value, _now(request))


def of_user(request: web.Request, user_id: UUID) -> Device | None:
    """This browser, if that person has signed in on it."""
    return next((each for each in held(request) if each.user_id == user_id), None)


def remember(request: web.Request, response: Response, user_id: UUID) -> None:
    """That person has just signed in; the browser keeps the name that it has with them."""
    known = of_user(request, user_id)
    drawn = UUID(bytes=entropy.draw(_ID_BYTES), version=4)
    newest = Device(user_id, drawn if known is None else known.id, _now(request))
    others = [each for each in held(request) if each.user_id != user_id]
    value = services.of(request).devices.write([newest, *others][:MOST])
    cookies.set_device(response, value)


def _now(request: web.Request) -> int:
    return int(services.of(request).clock.now().timestamp())
