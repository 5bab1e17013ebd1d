from pathlib import Path

import pytest

from cluster import layout, ports, refusal, settings


@pytest.mark.parametrize("name", ["a", "authly", "test-1", "9", "a" * 30])
def test_a_lower_case_label_is_a_name(name: str) -> None:
    assert layout.find(name).root.name == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a/b", "..", "a" * 31, "a\n", "ä"])
def test_anything_else_is_refused_as_a_name(name: str) -> None:
    with pytest.raises(refusal.Refusal, match="cluster name"):
        layout.find(name)


def test_a_state_directory_too_deep_for_sockets_is_refused() -> None:
    with pytest.raises(refusal.Refusal, match="XDG_STATE_HOME"):
        layout.check_sockets(layout.Layout("a", Path("/") / ("d" * 90)))


def test_a_relative_state_home_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "here")
    assert layout.clusters() == Path.home() / ".local/state/authly/cluster"


def test_clusters_of_different_state_directories_have_different_identities() -> None:
    one, other = (layout.Layout("a", Path(root)) for root in ("/x/a", "/y/a"))
    assert one.identity != other.identity


def test_the_ports_of_a_cluster_stay_the_same_until_it_is_down(home: Path) -> None:
    place = layout.Layout("a", home / "a")
    first = settings.decide(place, control_plane=True)
    assert settings.decide(place, control_plane=True) == first


def test_a_cluster_cannot_change_its_form_while_it_is_up(home: Path) -> None:
    place = layout.Layout("a", home / "a")
    settings.decide(place, control_plane=True)
    with pytest.raises(refusal.Refusal, match="take it down first"):
        settings.decide(place, control_plane=False)


def test_a_cluster_that_was_never_started_has_no_settings(home: Path) -> None:
    with pytest.raises(refusal.Refusal, match="is not up"):
        settings.get(layout.Layout("a", home / "a"))


def test_a_bare_control_plane_is_no_node(home: Path) -> None:
    place = layout.Layout("a", home / "a")
    settings.decide(place, control_plane=True)
    with pytest.raises(refusal.Refusal, match="has no node"):
        settings.get_node(place)


def test_free_ports_differ_and_can_be_listened_on() -> None:
    found = ports.find_free("authly-a-000000", 4)
    assert len(set(found)) == 4
    assert all(ports.is_free(port) for port in found)
