"""What the operator keeps in memory: who depends on whom, and what a Secret held."""

import pytest

from authly_operator import dependants, main, settings
from authly_operator.observed import SecretData
from authly_operator.reconcile.memory import Memory
from authly_operator.workqueue import Key


SERVER = Key("AuthlyServer", "auth", "main")
CLIENT = Key("AuthlyClient", "shop", "web")
SCOPE = Key("AuthlyScope", "auth", "orders")


def body(name: str, namespace: str | None = None) -> dict[str, object]:
    reference = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"spec": {"serverRef": reference}}


def test_a_server_knows_its_scopes_before_its_clients() -> None:
    known = dependants.Dependants()
    known.note(CLIENT, body("main", "auth"))
    known.note(SCOPE, body("main"))
    assert known.of(SERVER) == (SCOPE, CLIENT)


def test_a_deleted_client_is_no_dependant_any_more() -> None:
    known = dependants.Dependants()
    known.note(CLIENT, body("main", "auth"))
    known.note(CLIENT, None)
    assert known.of(SERVER) == ()


def test_a_client_created_again_for_another_server_moves() -> None:
    known = dependants.Dependants()
    known.note(CLIENT, body("main", "auth"))
    known.note(CLIENT, body("other", "auth"))
    assert known.of(SERVER) == ()
    assert known.of(Key("AuthlyServer", "auth", "other")) == (CLIENT,)


def test_scopes_are_known_by_the_name_that_clients_write() -> None:
    known = dependants.Dependants()
    known.note(CLIENT, body("main", "auth"))
    known.note(SCOPE, {"spec": {"serverRef": {"name": "main"}, "name": "orders:read"}})
    assert known.scopes(SERVER, {"orders:read", "other"}) == (SCOPE,)
    assert known.scopes(SERVER, {"other"}) == ()
    known.note(SCOPE, None)
    assert known.scopes(SERVER, {"orders:read"}) == ()


def client(ready: str) -> dict[str, object]:
    return {**body("main", "auth"), "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def test_clients_are_counted_and_scopes_are_not() -> None:
    known = dependants.Dependants()
    known.note(CLIENT, client("True"))
    known.note(CLIENT._replace(name="broken"), client("False"))
    known.note(CLIENT._replace(name="new"), body("main", "auth"))
    known.note(SCOPE, body("main"))
    assert known.count(SERVER) == (3, 1)
    known.note(CLIENT, None)
    assert known.count(SERVER) == (2, 0)


def test_a_count_is_news_until_it_is_taken_and_again_when_it_changes() -> None:
    known = dependants.Dependants()
    known.note(SCOPE, body("main"))
    assert known.news() == ()
    known.note(CLIENT, client("False"))
    assert known.news() == (SERVER,)
    known.count(SERVER)
    known.note(CLIENT, client("False"))
    assert known.news() == ()
    known.note(CLIENT, client("True"))
    assert known.news() == (SERVER,)
    known.count(SERVER)
    known.note(CLIENT, None)
    assert known.news() == (SERVER,)


def test_a_server_is_nobodys_dependant() -> None:
    known = dependants.Dependants()
    known.note(SERVER, {"spec": {"replicas": 2}})
    assert known.of(SERVER) == ()


def test_a_deleted_secret_is_recalled_with_the_same_values() -> None:
    memory = Memory()
    memory.keep("uid", "main-credentials", {"password": "old"})
    recalled = memory.recall("uid", "main-credentials", None)
    assert recalled is not None
    assert recalled.get("password") == "old"


def test_an_emptied_value_is_recalled_and_an_edited_one_is_not() -> None:
    memory = Memory()
    memory.keep("uid", "main-credentials", {"password": "old", "key": "old"})
    seen = SecretData({"password": "", "key": "edited"})
    recalled = memory.recall("uid", "main-credentials", seen)
    assert recalled is not None
    assert (recalled.get("password"), recalled.get("key")) == ("old", "edited")


def test_a_resource_created_again_inherits_nothing_from_memory() -> None:
    memory = Memory()
    memory.keep("first", "web-oauth", {"client_secret": "old"})
    assert memory.recall("second", "web-oauth", None) is None
    memory.forget("first")
    assert memory.recall("first", "web-oauth", None) is None


def test_memory_shows_no_secret_of_its_own_accord() -> None:
    memory = Memory()
    memory.keep("uid", "web-oauth", {"client_secret": "canary"})
    assert "canary" not in repr(memory)


def metadata(labels: dict[str, str], *owners: tuple[str, str]) -> dict[str, object]:
    references = [{"kind": kind, "name": name} for kind, name in owners]
    return {"namespace": "auth", "labels": labels, "ownerReferences": references}


@pytest.mark.parametrize(
    ("child", "owner"),
    [
        (metadata({"app.kubernetes.io/instance": "main"}), SERVER),
        (
            metadata(
                {"app.kubernetes.io/instance": "main", "app.kubernetes.io/component": "client"},
                ("AuthlyClient", "web"),
            ),
            Key("AuthlyClient", "auth", "web"),
        ),
        (
            metadata(
                {"app.kubernetes.io/instance": "main", "app.kubernetes.io/component": "run"},
                ("AuthlyBackup", "nightly"),
            ),
            Key("AuthlyBackup", "auth", "nightly"),
        ),
        (
            metadata({"app.kubernetes.io/component": "run"}, ("AuthlyRestore", "back")),
            Key("AuthlyRestore", "auth", "back"),
        ),
        (metadata({"app.kubernetes.io/component": "client"}), None),
        (metadata({}), None),
    ],
)
def test_a_childs_event_wakes_the_resource_it_belongs_to(
    child: dict[str, object], owner: Key | None
) -> None:
    assert main.owner(child) == owner


def test_settings_have_defaults_for_a_pod_in_a_cluster() -> None:
    loaded = settings.load({"AUTHLY_POD_NAME": "authly-operator-0", "AUTHLY_LOG_LEVEL": ""})
    assert (loaded.namespaces, loaded.pod_name) == ((), "authly-operator-0")
    assert (loaded.log_level, loaded.kubeconfig) == ("info", None)


def test_namespaces_are_a_list_between_commas() -> None:
    loaded = settings.load({"AUTHLY_NAMESPACES": "auth, shop,"})
    assert loaded.namespaces == ("auth", "shop")
    assert loaded.looks_after("shop")
    assert not loaded.looks_after("elsewhere")
    assert settings.load({}).looks_after("elsewhere")


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("AUTHLY_NAMESPACES", "Auth"),
        ("AUTHLY_LOG_LEVEL", "loud"),
        ("AUTHLY_WORKERS", "0"),
        ("AUTHLY_HEALTH_PORT", "http"),
    ],
)
def test_a_wrong_setting_is_told_by_its_name_in_one_line(variable: str, text: str) -> None:
    with pytest.raises(settings.SettingsError) as refused:
        settings.load({variable: text})
    assert [line.partition(":")[0] for line in refused.value.lines] == [variable]
