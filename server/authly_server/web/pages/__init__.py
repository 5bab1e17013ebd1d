"""What people see: plain HTML that works without script, under a policy that admits no other."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from markupsafe import Markup

from authly_server.authorization import response
from authly_server.authorization.response import AuthorizationResponse
from authly_server.model.client import Client, ClientOrigin
from authly_server.protocol import characters
from authly_server.users import names
from authly_server.web.pages import rendering
from authly_server.web.response import Response


# The one script that there is: it spares people the click on a form that is for the client.
_SUBMIT = "document.forms[0].submit()"
_TOO_MANY = 429
_FIRST_OF_OURS = 500
_MOST_CONTACTS = 3
_WAIT = "Wait a little, then load this page again. If that does not help, pass on the reference."
_GO_BACK = (
    "Go back to the application that you came from and start again. If you end up here once more,"
    " tell the people who run it the reference below."
)


def login(
    *,
    action: str,
    transaction_id: str,
    form_token: str,
    client: Client,
    username: str | None,
    is_failure: bool,
    wait_seconds: int | None,
    forgotten: str | None,
    redirect_uri: str,
) -> Response:
    """The form for user name and password; 400 if the ones sent were wrong, 429 to wait."""
    body = rendering.render(
        "login.html",
        action=action,
        transaction_id=transaction_id,
        form_token=form_token,
        client_name=rendering.client_name(client),
        username=(username or "")[: names.MOST_CHARACTERS],
        is_failure=is_failure,
        wait=rendering.wait(wait_seconds),
        most_username_characters=names.MOST_CHARACTERS,
        forgotten=forgotten,
    )
    answer = rendering.respond(
        body, 400 if is_failure else 200, form_target=response.form_target(redirect_uri)
    )
    return rendering.delay(answer, wait_seconds)


def consent(
    *,
    action: str,
    switch: str,
    transaction_id: str,
    form_token: str,
    client: Client,
    username: str,
    scopes: Sequence[tuple[str, str]],
    resources: Sequence[str],
    redirect_uri: str,
) -> Response:
    """What the client asks for, and the two answers."""
    body = rendering.render(
        "consent.html",
        action=action,
        switch=switch,
        transaction_id=transaction_id,
        form_token=form_token,
        client_name=characters.displayable(client.display_name),
        voucher=rendering.voucher(client),
        is_trusted=client.origin is ClientOrigin.OPERATOR,
        client_uri=_client_page(client, client.client_uri),
        tos_uri=_client_page(client, client.tos_uri),
        policy_uri=_client_page(client, client.policy_uri),
        contacts=_contacts(client),
        username=characters.displayable(username),
        scopes=[(name, characters.displayable(description)) for name, description in scopes],
        resources=resources,
        destination=_destination(redirect_uri),
    )
    return rendering.respond(body, 200, form_target=response.form_target(redirect_uri))


def _contacts(client: Client) -> list[str]:
    """Whom people may turn to (RFC 7591 section 2); whom nobody has checked, nobody is sent to."""
    if client.origin is not ClientOrigin.OPERATOR:
        return []
    return [characters.displayable(contact) for contact in client.contacts[:_MOST_CONTACTS]]


def logout(
    *,
    action: str,
    form_token: str,
    client: Client | None,
    username: str,
    carried: Mapping[str, str],
    destination: str | None,
) -> Response:
    """Whether the person wants to sign out; `carried` is the request, to be read again."""
    body = rendering.render(
        "logout.html",
        action=action,
        form_token=form_token,
        client_name=None if client is None else characters.displayable(client.display_name),
        username=characters.displayable(username),
        carried=carried,
    )
    target = "" if destination is None else response.form_target(destination)
    return rendering.respond(body, 200, form_target=target)


def logout_done(*, is_signed_out: bool) -> Response:
    """How a logout ended that leads nowhere else."""
    return rendering.respond(rendering.render("logout_done.html", is_signed_out=is_signed_out), 200)


def error(status: int, title: str, explanation: str, reference: str) -> Response:
    """Something that a person has to know; `reference` finds it in the log."""
    body = rendering.render(
        "error.html",
        title=title,
        explanation=explanation,
        advice=_advice(status),
        reference=reference,
    )
    return rendering.respond(body, status)


def _advice(status: int) -> str:
    if status == 409:  # noqa: PLR2004  # Conflict
        return "Go back to the application, which goes on from there. You can close this page."
    return _WAIT if status == _TOO_MANY or status >= _FIRST_OF_OURS else _GO_BACK


def form_post(answer: AuthorizationResponse) -> Response:
    """An authorization response that the browser posts (OAuth 2.0 Form Post Response Mode)."""
    body = rendering.render(
        "form_post.html",
        action=answer.redirect_uri,
        parameters=answer.parameters,
        destination=_destination(answer.redirect_uri),
        script=Markup(_SUBMIT),  # noqa: S704  # a constant of ours
    )
    return rendering.respond(
        body, 200, form_target=response.form_target(answer.redirect_uri), script=_SUBMIT
    )


def leaving(answer: AuthorizationResponse, explanation: str) -> Response:
    """A refusal that only goes on to the client if the person wants to."""
    body = rendering.render(
        "leaving.html",
        explanation=sentence(explanation),
        destination=_destination(answer.redirect_uri),
        location=answer.location,
    )
    return rendering.respond(body, 400)


def sentence(description: str) -> str:
    """A sentence for people; the name of a parameter keeps its own spelling at the start too."""
    is_name = "_" in description.partition(" ")[0]
    return f"{description if is_name else description[:1].upper() + description[1:]}."


def _destination(redirect_uri: str) -> str:
    """Where the person is sent afterwards, in a word: a host, or an application on this device."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in {"http", "https"}:
        return "an application on this device"
    return parts.netloc


def _client_page(client: Client, uri: str | None) -> str | None:
    """A page of the client's own, if it is one that a link may lead to: nobody's advertisement."""
    page = _web_page(uri)
    if page is None or client.origin is ClientOrigin.OPERATOR:
        return page
    return page if urlsplit(page).netloc == rendering.voucher(client) else None


def _web_page(uri: str | None) -> str | None:
    """A URI as a link, if it is one that a link may lead to."""
    return uri if uri is not None and urlsplit(uri).scheme == "https" else None
