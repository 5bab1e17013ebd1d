"""What a web application and a machine do with the server, against its pods."""

from dataclasses import dataclass

from demo import narration, sign_in, tokens
from demo.browser import Browser
from demo.failure import Failure
from demo.narration import Story
from demo.place import Address, Place


ISSUER = "https://localhost:8443"
SERVER = ("authly", "main")
REDIRECT_URI = "http://127.0.0.1:8765/callback"
SCOPES = ("profile", "orders:read")


@dataclass(frozen=True)
class Walk:
    """The way from a discovery document to a token that is known everywhere."""

    place: Place
    story: Story
    http: Browser

    def discover(self) -> dict[str, object]:
        """The metadata, which must be this issuer's (RFC 8414 section 3.3)."""
        self.story.step("Discover the server")
        url = f"{self.http.issuer}/.well-known/oauth-authorization-server"
        metadata = self.http.get(url).json()
        if metadata["issuer"] != self.http.issuer:
            message = f"{url} is about the issuer {metadata['issuer']}"
            raise Failure(message)
        narration.told(f"GET  {url}")
        narration.told(f"200  grants: {', '.join(metadata['grant_types_supported'])}")
        return metadata

    def client(self, name: str, metadata: dict[str, object]) -> tokens.Client:
        """A client by the Secret that its pods would mount."""
        found = self.place.secret("shop", f"{name}-oauth")
        narration.told(f"credentials of {found['client_id']} from Secret shop/{name}-oauth")
        return tokens.Client(self.http, metadata, found["client_id"], found["client_secret"])

    def sign_in(self, metadata: dict[str, object]) -> None:
        """A person signs in to the web application."""
        self.story.step("Sign in: authorization code with PKCE")
        admin = self.place.secret(SERVER[0], f"{SERVER[1]}-credentials")
        person = sign_in.Person(admin["ADMIN_EMAIL"], admin["ADMIN_PASSWORD"])
        client = self.client("web", metadata)
        request = sign_in.Request(client.client_id, REDIRECT_URI, SCOPES)
        code = sign_in.authorize(self.http, metadata, request, person)
        issued = client.exchange(code, request)
        narration.told("POST /token, grant_type=authorization_code, with the PKCE verifier")
        narration.told(f"200  access token {tokens.short(issued['access_token'])},")
        narration.told(f"     refresh token {tokens.short(issued['refresh_token'])}")
        self._use(client, issued["access_token"], issued["refresh_token"])

    def _use(self, client: tokens.Client, access_token: str, refresh_token: str) -> None:
        self.story.step("Use the tokens")
        header, claims = tokens.claims(access_token)
        shown = {name: claims[name] for name in ("iss", "sub", "client_id", "scope", "exp")}
        narration.told(f"the access token is {header['typ']}, {header['alg']}: {shown}")
        narration.told(f"GET  /userinfo: {client.userinfo(access_token)}")
        renewed = client.refresh(refresh_token)
        if renewed["refresh_token"] == refresh_token:
            message = "the refresh token did not rotate"
            raise Failure(message)
        narration.told(
            "POST /token, grant_type=refresh_token: new tokens, and the old one is spent"
        )
        self._introspect(client, renewed["access_token"])

    def machine(self, metadata: dict[str, object]) -> None:
        """A program gets a token for itself."""
        self.story.step("A machine: client_credentials")
        client = self.client("report", metadata)
        issued = client.credentials("orders:read")
        narration.told(f"POST /token: {tokens.short(issued['access_token'])}, {issued['scope']}")
        self._introspect(client, issued["access_token"])

    def _introspect(self, client: tokens.Client, token: str) -> None:
        told = client.introspect(token)
        if told.get("active") is not True:
            message = "introspection says that a token of just now is not active"
            raise Failure(message)
        about = {name: told[name] for name in ("active", "client_id", "scope")}
        narration.told(f"POST /introspect: {about}")


def run(place: Place, story: Story, address: Address, issuer: str = ISSUER) -> None:
    """All of it.

    Raises:
        Failure: the server did not do what it should.
    """
    walk = Walk(place, story, Browser(address, issuer))
    metadata = walk.discover()
    walk.sign_in(metadata)
    walk.machine(metadata)
