import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from images import host, registry


DEB822 = """\
Types: deb deb-src
# a comment
URIs: http://mirror.test/debian
Suites: bookworm
 bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://disabled.test/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://vendor.test/node
Suites: nodistro
Components: main
"""


def etc(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / "sources.list.d" / name.replace("_", ".")).write_text(text)
    return tmp_path


def test_the_machines_own_mirrors_of_debian_are_used_and_no_others(tmp_path: Path) -> None:
    assert host.apt_sources(etc(tmp_path, debian_sources=DEB822)).splitlines() == [
        "deb http://mirror.test/debian bookworm main",
        "deb http://mirror.test/debian bookworm-updates main",
    ]


def test_one_line_entries_are_read_without_options_and_comments(tmp_path: Path) -> None:
    directory = etc(tmp_path, vendor_list="deb https://vendor.test/apt bookworm-pgdg main\n")
    (directory / "sources.list").write_text(
        "# deb http://no.test/debian bookworm main\n\ndeb\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm contrib main # ours\n"
        "deb http://mirror.test/debian bookworm\n"
    )
    assert host.apt_sources(directory) == "deb http://mirror.test/debian bookworm main\n"


def test_a_machine_of_another_release_uses_the_upstream_mirrors(tmp_path: Path) -> None:
    directory = etc(tmp_path, debian_sources=DEB822.replace("bookworm", "trixie"))
    assert host.apt_sources(directory) == host.UPSTREAM_SOURCES


def test_apts_proxies_are_kept_and_its_hooks_and_files_are_not() -> None:
    dump = (
        'Acquire::http::Proxy "http://proxy.test:3128";\nAcquire::https::CAInfo "/own/ca";\n'
        'Acquire::Check-Valid-Until "false";\nAcquire::AllowInsecureRepositories "1";\n'
        'DPkg::Post-Invoke "rm -rf /";\n'
    )
    lines = host.apt_options(dump).splitlines()
    assert lines[:2] == [
        'Acquire::http::Proxy "http://proxy.test:3128";',
        'Acquire::Check-Valid-Until "false";',
    ]
    assert not [line for line in lines if "Insecure" in line or "DPkg" in line or "/own/ca" in line]


def test_pips_index_is_kept_and_everything_else_is_not() -> None:
    listed = [
        ":env:.find-links='/opt/wheels'",
        "global.index-url='https://index.test/simple'",
        "global.extra-index-url='https://a.test\\nhttps://b.test'",
        "global.cert='/etc/own.pem'",
        "nonsense",
    ]
    lines = host.pip_settings(listed).splitlines()
    assert lines[:3] == [
        "[global]",
        "index-url = https://index.test/simple",
        "extra-index-url = https://a.test https://b.test",
    ]
    assert set(lines[3:]) <= {"cert = /run/secrets/ca"}


def served(status: int) -> HTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    return HTTPServer(("127.0.0.1", 0), Handler)


@pytest.mark.parametrize(
    ("status", "expected"), [(200, True), (401, True), (403, False), (502, False)]
)
def test_only_a_registrys_own_answers_count_as_reachable(status: int, *, expected: bool) -> None:
    with served(status) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert registry.reachable(f"http://127.0.0.1:{server.server_port}/v2/") is expected
        finally:
            server.shutdown()
            thread.join()


def test_a_registry_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        assert not registry.reachable(f"http://127.0.0.1:{silent.getsockname()[1]}/v2/", 0.3)
        assert time.monotonic() - start < 2


def test_a_closed_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    assert not registry.reachable(f"http://127.0.0.1:{port}/v2/")
