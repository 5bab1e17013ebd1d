"""Everything that could be presented by who found it, used in each way that there is."""

import json

from throwaway.browser import VERIFIER
from throwaway.instance import Instance
from throwaway.registration import PASSWORD


SETTINGS = {"DEBUG": "true", "ADMIN_PASSWORD": "the canary of the administrator"}
"""Of a server that says all it can."""


def used(instance: Instance) -> dict[str, str]:
    """Each by its name, after it was used."""
    code = instance.code(scope="profile")
    first = instance.exchange(code).json()
    second = instance.refresh(first["refresh_token"]).json()
    instance.userinfo(second["access_token"])
    instance.http.post("/userinfo", data={"access_token": second["access_token"]})
    for token in (*first.values(), *second.values()):
        instance.post("/introspect", token=str(token))
    instance.exchange(code)  # a replay
    instance.post("/revoke", token=second["refresh_token"])
    browser = instance.browser()
    page = browser.authorize(instance.shop, prompt="login")
    browser.sign_in(page, password="the canary of a wrong password")
    transaction = next(value for name, value in browser.cookies.items() if "txn" in name)
    instance.http.get(
        f"/authorize?client_secret={instance.shop.secret}&access_token=the-canary-query"
    )
    instance.http.get(
        "/token/the-canary-path", headers={"Authorization": "Bearer the-canary-bearer"}
    )
    wrong = {"client_id": "shop", "client_secret": "the-canary-secret", "grant_type": "x"}
    instance.http.post("/token", data=wrong)
    return {
        "code": code,
        "code_verifier": VERIFIER,
        "access token": first["access_token"],
        "renewed access token": second["access_token"],
        "refresh token": first["refresh_token"],
        "renewed refresh token": second["refresh_token"],
        "client secret": instance.shop.secret,
        "password": PASSWORD,
        "session": instance.person.cookies["__Host-authly_session"],
        "transaction": transaction,
        "anything wrong": "canary",
        **{
            name: instance.server.environ[name]
            for name in ("SECRET_KEY", "JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY")
        },
        "database": ":throwaway@",
        "signing key": json.loads(instance.server.key_ring.read_text())["keys"][0]["privateKey"][
            40:80
        ],
    }
