"""GET and POST /authorize, RFC 6749 section 4.1.1."""

from aiohttp import web

from authly_server.authorization.response import Refused
from authly_server.web import answers, conversation, forms
from authly_server.web.response import Response


async def get(request: web.Request) -> Response:
    """Begin, and go as far as no person is needed."""
    try:
        asked = forms.read_query(request, repeats=True)
        begun = await conversation.begin(request, asked)
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
