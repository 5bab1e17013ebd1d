"""Scenes in which nothing was to be done: when they are believed, and when they are not."""

import dataclasses

import pytest

from authly_operator.dependants import Tally
from authly_operator.observed import AccountsProbe, DatabaseProbe, EndpointProbe
from authly_operator.reconcile.calm import Answers, Calm, Questions, Scene
from authly_operator.workqueue import Key


SERVER = Key("AuthlyServer", "auth", "main")
OTHER = Key("AuthlyServer", "auth", "other")
CLIENTS = Tally(2, 2)
SCENE = Scene(
    "7",
    CLIENTS,
    Questions((), "postgresql://database", "http://main", "https://login.example.com"),
    Answers({}, frozenset(), AccountsProbe(), DatabaseProbe(), EndpointProbe()),
    until=100.0,
)


@pytest.fixture
def calm() -> Calm:
    made = Calm(300.0, monotonic=lambda: 50.0)
    made.keep(SERVER, SCENE, made.events)
    return made


def test_a_scene_is_handed_out_once(calm: Calm) -> None:
    assert calm.take(SERVER, "7", CLIENTS) == SCENE
    assert calm.take(SERVER, "7", CLIENTS) is None


@pytest.mark.parametrize(
    ("version", "clients"), [("8", CLIENTS), ("7", Tally(3, 2)), ("7", Tally(2, 1))]
)
def test_another_version_or_another_client_needs_a_full_look(
    calm: Calm, version: str, clients: Tally
) -> None:
    assert calm.take(SERVER, version, clients) is None


def test_an_event_ends_the_calm_of_its_server_alone(calm: Calm) -> None:
    calm.keep(OTHER, SCENE, calm.events)
    calm.disturb(SERVER)
    assert calm.take(SERVER, "7", CLIENTS) is None
    assert calm.take(OTHER, "7", CLIENTS) == SCENE


def test_what_was_seen_while_an_event_came_is_not_kept(calm: Calm) -> None:
    before = calm.events
    calm.disturb(SERVER)
    calm.keep(SERVER, SCENE, before)
    assert calm.take(SERVER, "7", CLIENTS) is None


def test_a_scene_is_believed_until_its_time_is_over(calm: Calm) -> None:
    calm.keep(SERVER, dataclasses.replace(SCENE, until=50.0), calm.events)
    assert calm.take(SERVER, "7", CLIENTS) is None


def test_no_scene_is_kept_where_none_is_wanted() -> None:
    calm = Calm()
    calm.keep(SERVER, SCENE, calm.events)
    assert calm.take(SERVER, "7", CLIENTS) is None
