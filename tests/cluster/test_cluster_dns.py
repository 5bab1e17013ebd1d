import struct

import pytest

from cluster import dns, forwarder, refusal, storage


ANSWER = (
    struct.pack(">6H", 7, 0x8580, 1, 2, 0, 0)
    + b"\3web\3svc\0"
    + struct.pack(">2H", 1, 1)
    + b"\xc0\x0c"
    + struct.pack(">HHIH", 5, 1, 5, 2)
    + b"\xc0\x10"
    + b"\xc0\x0c"
    + struct.pack(">HHIH", 1, 1, 5, 4)
    + bytes([10, 96, 0, 7])
)


def test_a_question_is_what_rfc_1035_says() -> None:
    expected = b"\0\7\1\0\0\1\0\0\0\0\0\0\3web\3svc\0\0\1\0\1"
    assert dns.build_query(7, "web.svc") == expected


def test_the_addresses_of_an_answer_are_read_past_other_records() -> None:
    assert dns.parse_answer(ANSWER) == ["10.96.0.7"]


def test_an_answer_without_records_has_no_addresses() -> None:
    refused = struct.pack(">6H", 7, 0x8583, 1, 0, 0, 0) + b"\3web\0" + struct.pack(">2H", 1, 1)
    assert dns.parse_answer(refused) == []


@pytest.mark.parametrize(
    ("host", "first"),
    [
        ("web.default", "web.default.svc.cluster.local"),
        ("web.default.svc.cluster.local", "web.default.svc.cluster.local"),
    ],
)
def test_names_are_completed_as_a_pod_would(host: str, first: str) -> None:
    assert first in dns.candidates(host)


def test_a_service_with_its_svc_is_completed() -> None:
    assert dns.candidates("web.default.svc")[0] == "web.default.svc.cluster.local"


def test_an_address_is_not_asked_for() -> None:
    assert dns.find("10.89.0.12") == "10.89.0.12"


def test_a_target_is_a_host_and_a_port() -> None:
    assert forwarder.parse_target("authly.default:80") == ("authly.default", 80)


@pytest.mark.parametrize("text", ["", "80", ":80", "a:", "a:0", "a:65536", "a:-1", "a:\uff18"])
def test_anything_else_is_refused_as_a_target(text: str) -> None:
    with pytest.raises(refusal.Refusal, match="HOST:PORT"):
        forwarder.parse_target(text)


def test_a_port_that_is_taken_is_refused() -> None:
    with forwarder.listen(0) as taken, pytest.raises(refusal.Refusal, match="cannot listen"):
        forwarder.listen(taken.getsockname()[1])


def test_volumes_whose_claim_is_gone_are_made_anew_and_others_kept() -> None:
    items = [("a", "Released"), ("b", "Bound"), ("c", "Failed"), ("d", "Available")]
    entries = ",".join(
        f'{{"metadata":{{"name":"{name}"}},"status":{{"phase":"{phase}"}}}}'
        for name, phase in items
    )
    listed = f'{{"items":[{entries}]}}'
    assert storage.released(listed) == ["a", "c"]
    assert storage.kept(listed) == {"b", "d"}
