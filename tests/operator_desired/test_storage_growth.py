"""A managed database's claim grows as the spec says, and is told of where it cannot."""

from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator.api import authly_server
from authly_operator.desired import quantity, storage
from authly_operator.observed import Manifest, ServerObserved


REFUSED = "only dynamically provisioned pvc can be resized"


def spec(size: str) -> authly_server.Spec:
    given = {**plans.MINIMAL, "database": {"managed": {"storage": {"size": size}}}}
    return authly_server.Spec.model_validate(given)


NAME = "data-main-database-0"


def claim(asked: str, has: str | None = None, *conditions: dict[str, str]) -> Manifest:
    status = {"capacity": {"storage": has or asked}, "conditions": list(conditions)}
    return {
        "metadata": {"name": NAME, "uid": "u"},
        "spec": {"resources": {"requests": {"storage": asked}}},
        "status": status,
    }


def seen(found: Manifest | None, refused: str | None = None) -> ServerObserved:
    return ServerObserved(
        identity=plans.IDENTITY,
        claims={NAME: found} if found else {},
        claims_refused={NAME: refused} if refused else {},
    )


def test_a_claim_grows_to_what_the_spec_says() -> None:
    patch = storage.growths(spec("20480Mi"), seen(claim("10Gi")))[NAME]

    assert patch["spec"] == {"resources": {"requests": {"storage": "20Gi"}}}
    assert patch["metadata"] == {"uid": "u"}


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(None, id="none yet"),
        pytest.param({**claim("5Gi"), "status": {}}, id="not bound"),
        pytest.param(claim("10Gi"), id="as large"),
        pytest.param(claim("10240Mi"), id="as large in other words"),
        pytest.param(claim("11Gi"), id="larger, by somebody's hand"),
        pytest.param(claim("10Gi", "5Gi"), id="growing already"),
    ],
)
def test_a_claim_is_left_alone(found: Manifest | None) -> None:
    assert storage.growths(spec("10Gi"), seen(found)) == {}


def test_a_database_of_others_has_no_claim_of_ours() -> None:
    given = authly_server.Spec.model_validate(plans.EXTERNAL)

    assert storage.growths(given, seen(claim("1Gi"))) == {}


def test_a_refused_growth_is_told_with_both_sizes() -> None:
    (told,) = storage.shortages(spec("20Gi"), seen(claim("10Gi"), REFUSED))

    assert "stays at 10Gi instead of 20Gi" in told
    assert REFUSED in told


def test_a_volume_that_could_not_be_resized_is_told() -> None:
    failed = {"type": "ControllerResizeError", "status": "True", "message": "quota exceeded"}

    (told,) = storage.shortages(spec("20Gi"), seen(claim("20Gi", "10Gi", failed)))

    assert "quota exceeded" in told


@pytest.mark.parametrize("found", [claim("20Gi", "10Gi"), claim("20Gi"), None])
def test_what_grows_or_has_grown_is_no_lack(found: Manifest | None) -> None:
    assert storage.shortages(spec("20Gi"), seen(found)) == ()


def test_the_claims_of_replicas_grow_with_the_primarys() -> None:
    given = {**plans.MINIMAL, "database": {"managed": {"storage": {"size": "20Gi"}, "replicas": 2}}}
    names = (NAME, "data-main-standby-0", "data-main-standby-1", "data-main-standby-2")
    found = {name: claim("10Gi") for name in names}
    around = ServerObserved(
        identity=plans.IDENTITY, claims=found, claims_refused={names[1]: REFUSED}
    )

    wanted = authly_server.Spec.model_validate(given)
    assert set(storage.growths(wanted, around)) == set(names[:3])
    (told,) = storage.shortages(wanted, around)
    assert told.startswith("PersistentVolumeClaim data-main-standby-0 stays at 10Gi")


@pytest.mark.parametrize(
    ("one", "other", "less"),
    [
        ("10Gi", "10G", False),
        ("10G", "10Gi", True),
        ("1023Mi", "1Gi", True),
        ("1Gi", "1024Mi", False),
        ("0.5Gi", "512Mi", False),
        ("what", "1Gi", False),
    ],
)
def test_quantities_are_compared_whatever_their_spelling(one: str, other: str, less: bool) -> None:
    assert quantity.is_less(one, other) is less


def test_extensions_are_another_migration_and_the_same_one_in_any_order() -> None:
    def job(*names: str) -> str:
        managed: dict[str, Any] = {"extensions": list(names)}
        return plans.plan({**plans.MINIMAL, "database": {"managed": managed}}).migration_job

    assert job("citext", "pg_trgm") == job("pg_trgm", "citext")
    assert len({job(), job("citext"), job("pg_trgm")}) == 3
