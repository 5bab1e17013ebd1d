"""What the demo says while it waits and when it gives up, on an API server without any node."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import handle
from demo import installation, program, readiness
from demo.failure import Failure
from demo.place import Place


pytestmark = pytest.mark.control_plane


@pytest.fixture(scope="module")
def place(tools: Path) -> Iterator[Place]:
    cluster = handle.Cluster(f"test-demo-{os.getpid()}")
    try:
        config = ("--kubeconfig", cluster.up(control_plane=True))
        made = Place((str(tools / "kubectl"), *config), (str(tools / "helm"), *config))
        installation.install(made, {})
        installation.apply_example(made, {})
        yield made
    finally:
        cluster.down()


def test_it_gives_up_with_one_line_after_all_there_is_to_know(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Failure, match="not Ready after 0 s: the operator: 0 of 1 pods available"):
        readiness.wait(place, 0)
    told = capsys.readouterr().out
    for name in (
        "AuthlyServer authly/main",
        "AuthlyClient shop/web",
        "AuthlyScope shop/orders-read",
    ):
        assert name in told
    assert "The latest events" in told


def test_everything_of_the_example_is_waited_for(place: Place) -> None:
    names = [each.name for each in readiness.observe(place)]
    assert names[0] == "the operator"
    assert len(names) == 6


def test_conditions_and_events_are_shown(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    condition = (
        '{"status":{"observedGeneration":1,"conditions":[{"type":"Ready","status":"False",'
        '"reason":"ImagePullBackOff","message":"no such image","observedGeneration":1,'
        '"lastTransitionTime":"2026-01-01T00:00:00Z"}]}}'
    )
    patch = ("patch", "authlyserver", "main", "-n", "authly", "--subresource=status")
    place.run(*patch, "--type=merge", "-p", condition)
    seen = {each.name: each for each in readiness.observe(place)}["AuthlyServer authly/main"]
    assert not seen.ready
    assert seen.says == "ImagePullBackOff: no such image"
    readiness.explain(place)
    told = capsys.readouterr().out
    assert "Ready              False    ImagePullBackOff: no such image" in told
    assert "Deployment/authly-operator ScalingReplicaSet: Scaled up" in told


def test_a_status_of_an_earlier_spec_does_not_count(place: Place) -> None:
    ready = '{"status":{"observedGeneration":0,"conditions":[{"type":"Ready","status":"True",'
    ready += '"reason":"Ready","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}'
    patch = ("patch", "authlyclient", "web", "-n", "shop", "--subresource=status", "--type=merge")
    place.run(*patch, "-p", ready)
    seen = {each.name: each for each in readiness.observe(place)}["AuthlyClient shop/web"]
    assert not seen.ready


def test_an_operator_that_is_there_already_is_not_touched(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.install(place, {})
    assert "is used as it is" in capsys.readouterr().out


def test_somebody_elses_server_of_the_same_name_is_left_alone(place: Place) -> None:
    installation.check_nobody_elses(place, "https://localhost:8443")
    with pytest.raises(Failure, match="exists with issuer https://localhost:8443: it is left"):
        installation.check_nobody_elses(place, "https://another.example.com")


def test_a_program_that_fails_is_told_in_one_line(place: Place) -> None:
    with pytest.raises(Failure) as failed:
        place.run("get", "authlyserver", "absent", "-n", "authly")
    assert str(failed.value).endswith('authlyservers.authly.dev "absent" not found')
    assert "\n" not in str(failed.value)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(Failure, match="kubectl-of-the-future is not installed"):
        program.run(["kubectl-of-the-future"])
