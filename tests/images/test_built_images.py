"""What is, and what is not, in the images; and that they run under a pod's restrictions."""

from __future__ import annotations

import re
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from images import build, recipes


if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Image


pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]

SITE_PACKAGES = "opt/authly/lib/python3.11/site-packages"
PYTHON = "/opt/authly/bin/python"
OTHER = {"operator": "server", "server": "operator"}
NEEDED = {
    "operator": [
        "aiohttp",
        "cryptography",
        "kopf",
        "psycopg",
        "uvloop",
        "yaml",
    ],
    "server": ["aiohttp", "bcrypt", "boto3", "jinja2", "jwt", "orjson", "psycopg_pool", "uvloop"],
}
AT_MOST_MEGABYTES = {"postgres": 180, "operator": 250, "server": 220}
COMPILERS = ("gcc", "cc", "ld", "as", "strip", "make", "pip", "pip3")


def found(root: Path, *names: str) -> list[str]:
    places = ("bin", "usr/bin", "usr/local/bin", "opt/authly/bin")
    return [name for name in names for place in places if (root / place / name).exists()]


def test_an_image_runs_as_a_numbered_user_other_than_root(image: Image) -> None:
    uid, gid = image.config["User"].split(":")
    assert int(uid) > 0
    assert int(gid) > 0


def test_an_image_has_no_pip_no_compiler_and_no_full_perl(image: Image) -> None:
    assert found(image.root, *COMPILERS) == []
    assert not list(image.root.glob("**/site-packages/pip*"))
    assert not list(image.root.glob("usr/share/perl/*"))


def test_nothing_of_the_building_machine_is_left_in_an_image(image: Image) -> None:
    left = [path for path in (image.root / "run").rglob("*") if path.is_file()]
    assert left == []
    for name in ("resolv.conf", "hosts", "hostname"):
        path = image.root / "etc" / name
        assert not path.exists() or path.read_text() == ""
    assert not list((image.root / "usr/local/share").glob("ca-certificates/*"))
    sources = (image.root / "etc/apt").rglob("*sources*")
    hosts = {
        host
        for path in sources
        if path.is_file()
        for host in re.findall(r"//([^/\s]+)", path.read_text())
    }
    assert hosts == {"deb.debian.org"}
    names = [variable.partition("=")[0] for variable in image.config["Env"]]
    assert not [
        name for name in names if "PROXY" in name.upper() or "CERT" in name or "PIP" in name
    ]


def test_an_image_is_small(built: dict[str, Image]) -> None:
    for name, image in built.items():
        assert image.archive.stat().st_size < AT_MOST_MEGABYTES[name] * 1_000_000, name


def test_no_file_of_a_program_can_be_written_by_its_user(
    built: dict[str, Image], program: str
) -> None:
    tree = (built[program].root / "opt/authly").rglob("*")
    assert [path for path in tree if not path.is_symlink() and path.stat().st_mode & 0o022] == []


def test_an_image_holds_one_program_and_not_the_other(
    built: dict[str, Image], program: str
) -> None:
    packages = built[program].root / SITE_PACKAGES
    assert (packages / f"authly_{program}").is_dir()
    assert not (packages / f"authly_{OTHER[program]}").exists()
    assert not found(built[program].root, f"authly-{OTHER[program]}")


def test_what_only_the_other_program_needs_is_absent(built: dict[str, Image]) -> None:
    assert not (built["server"].root / SITE_PACKAGES / "kopf").exists()
    assert not (built["operator"].root / SITE_PACKAGES / "botocore").exists()
    assert not found(built["operator"].root, "pg_dump")


def test_every_library_loads_under_a_pods_restrictions(
    built: dict[str, Image], program: str
) -> None:
    done = built[program].run(PYTHON, "-c", f"import {', '.join(NEEDED[program])}")
    assert (done.returncode, done.stderr) == (0, "")


def test_every_module_of_a_program_can_be_imported(built: dict[str, Image], program: str) -> None:
    script = (
        f"import importlib, pkgutil, authly_{program} as program\n"
        "for module in pkgutil.walk_packages(program.__path__, program.__name__ + '.'):\n"
        "    module.name.endswith('__main__') or importlib.import_module(module.name)\n"
    )
    done = built[program].run(PYTHON, "-c", script)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_entry_point_is_an_executable_of_the_image(
    built: dict[str, Image], program: str
) -> None:
    (entrypoint,) = built[program].config["Entrypoint"]
    script = built[program].root / entrypoint.lstrip("/")
    assert script.read_text().splitlines()[0] == f"#!{PYTHON}"
    assert script.stat().st_mode & 0o111 == 0o111


def test_everything_is_compiled_beforehand_and_never_at_run_time(
    built: dict[str, Image], program: str
) -> None:
    environment = built[program].config["Env"]
    assert "PYTHONDONTWRITEBYTECODE=1" in environment
    assert "PYTHONUNBUFFERED=1" in environment
    sources = (built[program].root / SITE_PACKAGES / f"authly_{program}").rglob("*.py")
    for source in sources:
        assert (source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc").exists(), source


def test_the_root_file_system_is_read_only_and_tmp_is_not(
    built: dict[str, Image], program: str
) -> None:
    script = (
        "import os, pathlib\n"
        "assert os.getuid() == os.getgid() == 10001\n"
        "pathlib.Path('/tmp/x').write_text('x')\n"
        "pathlib.Path('/opt/authly/x').write_text('x')\n"
    )
    done = built[program].run(PYTHON, "-c", script)
    assert "Read-only file system: '/opt/authly/x'" in done.stderr


def test_the_health_check_fails_where_nothing_listens(
    built: dict[str, Image], program: str
) -> None:
    kind, *command = built[program].config["Healthcheck"]["Test"]
    assert kind == "CMD"
    done = built[program].run(*command, PORT="1")
    assert done.returncode == 1
    assert "Connection refused" in done.stderr or "HTTP Error" in done.stderr


def test_the_server_image_can_dump_a_database(built: dict[str, Image]) -> None:
    done = built["server"].run("pg_dump", "--version")
    assert done.stdout.startswith("pg_dump (PostgreSQL) 15.")
    done = built["server"].run("psql", "--version")
    assert done.stdout.startswith("psql (PostgreSQL) 15.")


def test_the_server_image_trusts_debians_authorities(built: dict[str, Image]) -> None:
    bundle = built["server"].root / "etc/ssl/certs/ca-certificates.crt"
    context = ssl.create_default_context(cafile=str(bundle))
    assert len(context.get_ca_certs()) > 100


def test_botocore_still_knows_s3_everywhere_and_nothing_else(built: dict[str, Image]) -> None:
    script = (
        "import boto3\n"
        "session = boto3.session.Session(aws_access_key_id='a', aws_secret_access_key='b')\n"
        "for region in ('eu-central-1', 'us-gov-west-1', 'cn-north-1'):\n"
        "    print(session.client('s3', region_name=region).meta.endpoint_url)\n"
        "print(session.client('sts', region_name='eu-central-1').meta.endpoint_url)\n"
        "client = session.client('s3', region_name='eu-central-1')\n"
        "client.generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'k'})\n"
        "print(client.get_waiter('object_exists').name, client.can_paginate('list_objects_v2'))\n"
        "print(*session.get_available_services())\n"
    )
    done = built["server"].run(PYTHON, "-c", script)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-2:] == ["ObjectExists True", "s3 sts"]
    assert "https://s3.us-gov-west-1.amazonaws.com" in done.stdout


def test_the_image_says_which_version_it_is(built: dict[str, Image], program: str) -> None:
    tag = recipes.recipe(program).tag
    assert built[program].config["Labels"]["org.opencontainers.image.version"] == tag


def test_a_second_version_of_the_server_is_another_image_made_in_seconds(
    built: dict[str, Image],
) -> None:
    start = time.monotonic()
    second = build.ensure(recipes.recipe("server", "0.0.0-second"))
    try:
        assert time.monotonic() - start < 30
        assert second != built["server"].archive
    finally:
        second.unlink()
