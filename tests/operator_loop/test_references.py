"""The index of what clients refer to: of each client once, and forgotten with the last."""

from typing import Any

from authly_operator.references import References, Target
from authly_operator.workqueue import Key


SHOP, WEB = Key("AuthlyClient", "apps", "shop"), Key("AuthlyClient", "apps", "web")


def body(name: str) -> dict[str, Any]:
    return {"spec": {"auth": {"secret": {"source": "Existing", "ref": {"name": name, "key": "k"}}}}}


def test_a_reference_is_of_everybody_who_has_it_until_the_last_one_goes() -> None:
    index, given = References(), Target("Secret", "apps", "given")
    index.note(SHOP, body("given"))
    index.note(WEB, body("given"))
    assert index.of(given) == (SHOP, WEB)
    index.note(SHOP, None)
    assert index.of(given) == (WEB,)
    index.note(WEB, body("other"))
    assert index.of(given) == ()
    assert index.targets() == (Target("Secret", "apps", "other"),)


def test_only_a_change_of_references_is_one() -> None:
    index = References()
    index.note(SHOP, {"spec": {"scopes": ["read"]}})
    assert not index.changed.is_set()
    index.note(SHOP, body("given"))
    assert index.changed.is_set()
    index.changed.clear()
    index.note(SHOP, body("given"))
    assert not index.changed.is_set()


def test_what_redirects_follow_is_referred_to_as_well() -> None:
    index = References()
    sources = [{"ingressRef": {"name": "web"}}, {"httpRouteRef": {"name": "route"}}]
    index.note(SHOP, {"spec": {"redirectUrisFrom": sources}})
    assert set(index.targets()) == {
        Target("Ingress", "apps", "web"),
        Target("HTTPRoute", "apps", "route"),
    }


def test_secrets_of_servers_are_none_of_its_business() -> None:
    index = References()
    index.note(Key("AuthlyServer", "apps", "main"), body("given"))
    assert index.targets() == ()
