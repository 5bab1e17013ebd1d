"""How often the server may be asked from one address, and who is spared."""

import contextlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from throwaway import instance as throwaway_instance, registration
from throwaway.browser import asking, has_form
from throwaway.instance import Instance, problem


PROXY = "127.0.0.1/32,10.0.0.0/8"
LIMITS: dict[str, str] = {"RATE_LIMIT_ENABLED": "true", "TRUSTED_PROXIES": PROXY, "CACHE_TTL": "0"}
STRICT, GENERAL = 6, 100
Ask = Callable[[httpx.Client], httpx.Response]


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return LIMITS


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """An address of the test's own, which our proxy vouches for."""
    return f"203.0.113.{1 + request.session.items.index(request.node) % 250}"


@pytest.fixture
def http(instance: Instance, address: str) -> Iterator[httpx.Client]:
    """Whoever has that address."""
    headers = {"X-Forwarded-For": address}
    with httpx.Client(base_url=instance.server.base_url, headers=headers, timeout=30) as client:
        yield client


def admitted(http: httpx.Client, ask: Ask, most: int = 150) -> int:
    """How many requests are answered before the first one is not."""
    for count in range(most):
        if ask(http).status_code == 429:
            return count
    return most


def post(path: str, **form: str) -> Ask:
    return lambda http: http.post(path, data=form)


GUESS = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "guess"}


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(post("/token", **GUESS), id="token"),
        pytest.param(post("/auth/token", **GUESS), id="auth/token"),
        pytest.param(post("/auth/refresh", **GUESS), id="auth/refresh"),
        pytest.param(post("/par", **GUESS), id="par"),
        pytest.param(post("/device_authorization", **GUESS), id="device_authorization"),
        pytest.param(post("/token"), id="malformed"),
        pytest.param(lambda http: http.get("/authorize"), id="authorize"),
        pytest.param(post("/login", username="a"), id="login"),
        pytest.param(post("/device/login", username="a"), id="device/login"),
    ],
)
def test_where_one_proves_oneself_ten_a_minute_and_a_burst_of_five_are_answered(
    http: httpx.Client, ask: Ask
) -> None:
    assert STRICT <= admitted(http, ask) <= STRICT + 1


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(post("/introspect", token="x", **GUESS), id="introspect"),
        pytest.param(post("/revoke", token="x", **GUESS), id="revoke"),
        pytest.param(lambda http: http.get("/userinfo"), id="userinfo"),
        pytest.param(lambda http: http.get("/login"), id="the page of login"),
        pytest.param(lambda http: http.get("/.env"), id="what is not there"),
    ],
)
def test_elsewhere_it_is_a_hundred_a_minute(http: httpx.Client, ask: Ask) -> None:
    assert GENERAL <= admitted(http, ask) < GENERAL + 20


@pytest.mark.parametrize(
    "path", ["/jwks", "/.well-known/oauth-authorization-server", "/health/live", "/health/ready"]
)
def test_documents_and_probes_are_not_counted(http: httpx.Client, path: str) -> None:
    admitted(http, post("/token", **GUESS))
    assert admitted(http, lambda each: each.get(path)) == 150


def test_one_is_told_when_to_come_back_and_may(instance: Instance, http: httpx.Client) -> None:
    admitted(http, post("/token", **GUESS))
    refused = http.post("/token", data=GUESS)
    assert problem(refused) == (429, "temporarily_unavailable")
    assert 1 <= int(refused.headers["Retry-After"]) <= 6
    assert (
        instance.metric("authly_requests_total", endpoint="token", method="POST", status="429") >= 2
    )
    while http.post("/token", data=GUESS).status_code == 429:
        pass
    assert http.post("/token", data=GUESS).status_code == 429


def test_people_get_a_page(instance: Instance, http: httpx.Client) -> None:
    params = asking(instance.shop)
    assert admitted(http, lambda each: each.get("/authorize", params=params)) >= STRICT
    page = http.get("/authorize", params=params)
    assert page.status_code == 429
    assert page.headers["Content-Type"].startswith("text/html")
    assert int(page.headers["Retry-After"]) >= 1
    assert "Too many requests" in page.text
    assert "Location" not in page.headers


def test_a_client_that_proves_itself_is_not_counted_and_passes_where_others_are_stopped(
    instance: Instance, http: httpx.Client
) -> None:
    """Many pods behind one address, and one of them knocks at every door."""
    admitted(http, post("/token", **GUESS))
    form = {"grant_type": "client_credentials"}

    def ask(each: httpx.Client) -> httpx.Response:
        return each.post("/token", data=form, auth=instance.shop.basic)

    assert admitted(http, ask) == 150
    token = ask(http).json()["access_token"]
    inspect = {"token": token}
    assert (
        admitted(http, lambda h: h.post("/introspect", data=inspect, auth=instance.shop.basic))
        == 150
    )


def test_a_valid_token_is_not_counted(instance: Instance, http: httpx.Client) -> None:
    token = instance.tokens(scope="profile")["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert admitted(http, lambda each: each.get("/userinfo", headers=bearer)) == 150


def test_a_public_client_counts_until_its_code_or_token_was_right(
    instance: Instance, http: httpx.Client
) -> None:
    native = instance.apply_client("native", auth_method="none", type="public")
    tokens = instance.tokens(native)
    for _ in range(20):
        form = {"grant_type": "refresh_token", "client_id": "native"}
        answer = http.post("/token", data=form | {"refresh_token": tokens["refresh_token"]})
        assert answer.status_code == 200
        tokens = answer.json()
    guess = {"grant_type": "refresh_token", "client_id": "native", "refresh_token": "x"}
    assert STRICT <= admitted(http, post("/token", **guess)) <= STRICT + 1


def test_a_header_of_ones_own_gains_nothing(instance: Instance, http: httpx.Client) -> None:
    """A caller writes addresses before the one that our proxy adds."""
    address = http.headers["X-Forwarded-For"]
    answers = [
        http.post("/token", data=GUESS, headers={"X-Forwarded-For": f"198.51.100.{n}, {address}"})
        for n in range(STRICT + 4)
    ]
    assert answers[-1].status_code == 429
    for header in ({"X-Real-IP": "198.51.100.9"}, {"Forwarded": "for=198.51.100.9"}):
        assert http.post("/token", data=GUESS, headers=header).status_code == 429


def test_the_addresses_of_one_ipv6_network_are_one(http: httpx.Client, address: str) -> None:
    network = f"2001:db8:{address.rpartition('.')[2]}:7::"

    def guess(number: int) -> int:
        header = {"X-Forwarded-For": f"{network}{number:x}"}
        return http.post("/token", data=GUESS, headers=header).status_code

    assert [guess(number) for number in range(STRICT + 4)][-1] == 429
    other = {"X-Forwarded-For": network.replace(":7::", ":8::") + "1"}
    assert http.post("/token", data=GUESS, headers=other).status_code == 401


def test_an_address_is_the_same_however_it_is_written(http: httpx.Client, address: str) -> None:
    admitted(http, post("/token", **GUESS))
    mapped = {"X-Forwarded-For": f"::ffff:{address}"}
    assert http.post("/token", data=GUESS, headers=mapped).status_code == 429


def test_preflights_are_not_counted_and_refusals_can_be_read_by_scripts(
    database_url: str,
) -> None:
    origin = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    with throwaway_instance.running(
        database_url, tls=False, **LIMITS, CORS_ORIGINS="https://app.example"
    ) as instance:
        for _ in range(150):
            assert instance.http.options("/token", headers=origin).status_code == 204
        assert admitted(instance.http, post("/token", **GUESS)) >= STRICT
        refused = instance.http.post("/token", data=GUESS, headers=origin)
        assert refused.status_code == 429
        assert refused.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


def test_signing_in_is_not_counted_and_the_browser_is_known_from_then_on(
    instance: Instance, address: str
) -> None:
    with contextlib.closing(instance.browser()) as browser:
        browser.client.headers["X-Forwarded-For"] = address
        assert not has_form(browser.sign_in(browser.authorize(instance.shop)), "login-form")
        stranger = httpx.Client(
            base_url=instance.server.base_url, headers={"X-Forwarded-For": address}
        )
        with stranger:
            # The one that led to the sign-in page is still counted.
            assert admitted(stranger, lambda each: each.get("/authorize")) >= STRICT - 1
        for _ in range(STRICT * 3):
            assert browser.authorize(instance.shop).status_code != 429


def test_a_known_browser_has_a_hundred_a_minute(instance: Instance) -> None:
    registration.add_user(instance.database_url, "busy@example.org", password="busy as a bee")
    browser = instance.browser()
    browser.sign_in(browser.authorize(instance.shop), "busy@example.org", "busy as a bee")
    params = asking(instance.shop)
    count = admitted(browser.client, lambda each: each.get("/authorize", params=params))
    assert GENERAL - 10 <= count < GENERAL + 20


@pytest.mark.parametrize("cookie", ["", "x", "A" * 72, "é", ".".join(["A" * 72] * 9), "x" * 4000])
def test_a_browser_that_only_says_so_is_not_known(http: httpx.Client, cookie: str) -> None:
    header = [(b"Cookie", b"__Host-authly_device=" + cookie.encode())]
    count = admitted(http, lambda each: each.get("/authorize", headers=header))
    assert STRICT <= count <= STRICT + 1


def test_a_flood_of_addresses_is_answered(instance: Instance) -> None:
    for number in range(300):
        header = {"X-Forwarded-For": f"192.0.2.{number % 256}, 10.0.{number}.1"}
        assert instance.http.get("/.env", headers=header).status_code == 404


def test_a_proxy_that_is_not_trusted_is_told_of_once_and_not_believed(database_url: str) -> None:
    with throwaway_instance.running(database_url, RATE_LIMIT_ENABLED="true") as instance:
        answers = [
            instance.http.post(
                "/token", data=GUESS, headers={"X-Forwarded-For": f"198.51.100.{number}"}
            )
            for number in range(STRICT + 4)
        ]
        assert answers[-1].status_code == 429
        told = [each for each in instance.server.records() if "TRUSTED_PROXIES" in each["event"]]
    assert [each["proxy"] for each in told] == ["127.0.0.1"]


def test_the_figures_are_those_of_the_settings(database_url: str) -> None:
    figures = {
        "RATE_LIMIT_ENABLED": "true",
        "RATE_LIMIT_REQUESTS_PER_MINUTE": "20",
        "AUTH_RATE_LIMIT_REQUESTS_PER_MINUTE": "3",
        "AUTH_RATE_LIMIT_BURST": "0",
    }
    with throwaway_instance.running(database_url, tls=False, **figures) as instance:
        assert admitted(instance.http, post("/token", **GUESS)) == 1
        assert 20 <= admitted(instance.http, lambda each: each.get("/userinfo")) <= 22


def test_switched_off_nothing_is_counted(database_url: str) -> None:
    with throwaway_instance.running(database_url, RATE_LIMIT_ENABLED="false") as instance:
        assert admitted(instance.http, post("/token", **GUESS)) == 150
