"""GET and POST /authorize, RFC 6749 section 4.1.1."""

from aiohttp import web

from authly_server.authorization import pushed
from authly_server.authorization.response import Refused
from authly_server.web import admitted, answers, at_once, conversation, forms, services
from authly_server.web.response import Response


async def get(request: web.Request) -> Response:
    """Begin, and go as far as no person is needed."""
    try:
        found = services.of(request)
        asked = await pushed.take_up(found.database, forms.read_query(request, repeats=True))
        entered = await admitted.admit(found, asked)
        if (answer := await at_once.grant(request, asked, entered)) is not None:
            return answer
        begun = await conversation.begin_with(request, asked, entered)
        return await conversation.proceed(request, begun)
    except Refused as refused:
        return answers.refuse(request, refused)


async def post(request: web.Request) -> Response:
    """OpenID Connect Core section 3.1.2.1: the same by POST.

    A form that another site posts comes without our SameSite=Lax cookies, so whether someone is
    signed in is only found out by the GET that follows.
    """
    try:
        begun = await conversation.begin(request, await forms.read(request, repeats=True))
        return conversation.park(request, begun, "/login")
    except Refused as refused:
        return answers.refuse(request, refused)
