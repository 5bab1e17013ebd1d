"""What counts as a difference between desired and observed, and what does not."""

from typing import Any

import pytest

from authly_operator.cluster import difference


def paths(desired: object, observed: object) -> list[str]:
    return [path for path, _ in difference.find(desired, observed)]


@pytest.mark.parametrize(
    ("desired", "observed"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": None}, {}),
        ({"l": []}, {}),
        ({"a": {}}, {"a": {"defaulted": True}}),
        ({"l": ["a", "b"]}, {"l": ["a", "b"]}),
        ({"l": [{"name": "x"}]}, {"l": [{"name": "injected"}, {"name": "x", "policy": "Always"}]}),
        ({"l": [{"name": "b"}, {"name": "a"}]}, {"l": [{"name": "a"}, {"name": "b"}]}),
        (
            {"l": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]},
            {"l": [{"name": "v", "mountPath": "/b"}, {"name": "v", "mountPath": "/a"}]},
        ),
    ],
)
def test_what_others_add_is_no_difference(desired: Any, observed: Any) -> None:
    assert paths(desired, observed) == []


@pytest.mark.parametrize(
    ("desired", "observed", "path"),
    [
        ({"a": 1}, {}, ".a"),
        ({"a": 1}, {"a": True}, ".a"),
        ({"a": "1"}, {"a": 1}, ".a"),
        ({"emptyDir": {}}, {"hostPath": {"path": "/"}}, ".emptyDir"),
        ({"l": []}, {"l": [1]}, ".l"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ".a.b"),
        ({"a": {"b": 1}}, {"a": "text"}, ".a"),
        ({"l": ["a"]}, {"l": ["a", "b"]}, ".l"),
        ({"l": ["a", "b"]}, {"l": ["b", "a"]}, ".l[0]"),
        ({"l": [{"name": "x", "v": 1}]}, {"l": [{"name": "x", "v": 2}]}, ".l[x].v"),
        ({"l": [{"name": "x"}]}, {"l": [{"name": "y"}]}, ".l[x]"),
        (
            {"l": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b", "ro": True}]},
            {"l": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]},
            ".l[/b].ro",
        ),
        (
            {"l": [{"name": "same", "v": 1}, {"name": "same", "v": 2}]},
            {"l": [{"name": "same", "v": 1}, {"name": "same", "v": 3}]},
            ".l[1].v",
        ),
        ({"selector": {"a": "b"}}, {"selector": {"a": "b", "c": "d"}}, ".selector.c"),
        (
            {"selector": {"matchLabels": {"a": "b"}}},
            {"selector": {"matchLabels": {"a": "b", "c": "d"}}},
            ".selector.matchLabels.c",
        ),
        (
            {"podSelector": {}},
            {"podSelector": {"matchLabels": {"a": "b"}}},
            ".podSelector.matchLabels",
        ),
        ({"ingress": []}, {"ingress": [{}]}, ".ingress"),
        ({"egress": [{"p": 1}]}, {"egress": [{"p": 1, "to": [{"x": 1}]}]}, ".egress[0].to"),
    ],
)
def test_what_is_desired_and_not_there_is_found(desired: Any, observed: Any, path: str) -> None:
    assert path in paths(desired, observed)


def test_a_difference_never_holds_the_value() -> None:
    found = list(difference.find({"data": {"k": "YQ=="}}, {"data": {"k": "aHVudGVyMg=="}}))
    assert found
    assert "aHVudGVyMg" not in repr(found)


def test_two_values_in_one_place_are_two_differences() -> None:
    assert list(difference.find({"k": 1}, {"k": 2})) != list(difference.find({"k": 1}, {"k": 3}))
