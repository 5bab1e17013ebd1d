"""A new password as a person types it into a form: twice, and by the rules."""

from aiohttp import web

from authly_server.model.user import User
from authly_server.protocol.parameters import Parameters
from authly_server.users import password_policy, passwords
from authly_server.web import services


def read(request: web.Request, form: Parameters, user: User) -> tuple[str | None, str]:
    """What is wrong with it, in a sentence, or None; and the password."""
    password, again = form.get("password") or "", form.get("again") or ""
    minimum = services.of(request).settings.password_minimum_length
    try:
        passwords.check(password)
    except passwords.InvalidPassword as error:
        return f"{str(error).capitalize()}.", password
    return password_policy.fault(password, again, user, minimum), password
