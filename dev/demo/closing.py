"""What to try next: commands that work as they are printed."""

from demo import narration, sign_in, walk
from demo.place import Place


def read(place: Place, namespace: str, secret: str, key: str) -> str:
    """The command that prints one value of a Secret."""
    jsonpath = f"jsonpath='{{.data.{key}}}'"
    return f"{place.words()[0]} -n {namespace} get secret {secret} -o {jsonpath} | base64 -d"


def look(place: Place) -> list[str]:
    """Commands that show what there is."""
    kubectl, before = place.words()
    return [
        *before,
        f"{kubectl} get authly -A",
        f"{kubectl} -n authly get pods,services,secrets",
        f"{kubectl} -n authly describe authlyserver main",
        f"{kubectl} -n shop get secret web-oauth -o yaml",
    ]


def change(place: Place) -> list[str]:
    """Commands that change something, and show how it follows."""
    kubectl, _ = place.words()
    return [
        f"{kubectl} -n authly scale authlyserver/main --replicas=2",
        f"{kubectl} -n shop delete secret web-oauth",
        f"{kubectl} -n shop wait --for=create secret/web-oauth --timeout=60s",
    ]


def forward(place: Place) -> str:
    """The command that opens the server's port on this machine."""
    namespace, name = walk.SERVER
    if place.embedded is None:
        return f"{place.words()[0]} -n {namespace} port-forward service/{name} 8080:80"
    cluster = place.embedded.name
    return f"python3 dev/cluster forward --name {cluster} 8443 {name}.{namespace}:80 --tls"


def token(place: Place) -> str:
    """The command that gets a token, while the port is open."""
    name, secret = (
        read(place, "shop", "report-oauth", f"client_{key}") for key in ("id", "secret")
    )
    user = f"$({name}):$({secret})"
    form = f'-u "{user}" -d grant_type=client_credentials'
    if place.embedded is None:
        return f"curl -H 'Host: localhost:8443' http://127.0.0.1:8080/token {form}"
    return f"curl --cacert {place.embedded.place.authority} {walk.ISSUER}/token {form}"


def end(place: Place) -> list[str]:
    """Commands that leave nothing behind."""
    if place.embedded is not None:
        return [f"python3 dev/cluster down --name {place.embedded.name}"]
    kubectl = place.words()[0]
    return [
        f"{kubectl} -n shop delete authlyclients,authlyscopes --all",
        f"{kubectl} delete -f examples/quickstart.yaml --ignore-not-found",
        f"{' '.join(place.helm)} -n authly-system uninstall authly-operator",
    ]


def tell(place: Place) -> None:
    """Print it all."""
    _block("Look around", look(place))
    _block("Change something", change(place))
    _block("Open the port (in another terminal), then get a token", [forward(place), token(place)])
    shown = read(place, "authly", "main-credentials", "ADMIN_PASSWORD")
    _block("The administrator's password", [f"{shown}; echo"])
    if place.embedded is not None:
        request = sign_in.Request("shop.web", walk.REDIRECT_URI, walk.SCOPES)
        narration.say("\nIn a browser, while the port is open (it will warn of our own CA):")
        narration.told(request.url(f"{walk.ISSUER}/authorize"))
        narration.told("It ends at an address where nothing listens, with the code in it.")
    _block("Take it down", end(place))


def _block(title: str, commands: list[str]) -> None:
    narration.say(f"\n{title}:")
    for command in commands:
        narration.told(command)
