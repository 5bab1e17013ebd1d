"""
What this machine uses to reach packages: apt's sources, pip's settings, trusted authorities.

All of it is handed to single build steps as mounted secrets, and none of it enters an image.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path


SUITES = ("bookworm", "bookworm-updates", "bookworm-security")
UPSTREAM_SOURCES = """\
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
"""
APT_OPTIONS = re.compile(r"Acquire::(https?|Check-|Retries|ForceIPv)[^ ]* .*;")
PIP_KEYS = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
)
PIP_LINE = re.compile(r"(?P<section>[^=]*)\.(?P<key>[^.=]+)='(?P<value>.*)'")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def secrets(directory: Path) -> list[str]:
    """Write what build steps may mount into `directory`; return buildah's --secret arguments."""
    files = {"sources": apt_sources(), "apt": apt_options(apt_dump())}
    pip = _output(sys.executable, "-m", "pip", "config", "list")
    files["pip"] = pip_settings(pip.splitlines())
    if bundle := ca_bundle():
        files["ca"] = bundle.read_text(encoding="utf-8")
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    return [f"--secret=id={name},src={directory / name}" for name in files]


def ca_bundle() -> Path | None:
    """Return the file of certificate authorities that this machine trusts, if it has one."""
    named = (os.environ.get(name) for name in ("PIP_CERT", "SSL_CERT_FILE"))
    candidates = (*(Path(path) for path in named if path), CA_BUNDLE)
    return next((path for path in candidates if path.is_file()), None)


def apt_sources(etc: Path = Path("/etc/apt")) -> str:
    """Return the machine's own sources of Debian 12 as one-line entries, or the upstream ones."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    entries: list[str] = []
    for path in files:
        if path.suffix == ".list" and path.is_file():
            entries += _one_line_entries(path.read_text(encoding="utf-8"))
        elif path.suffix == ".sources" and path.is_file():
            entries += _deb822_entries(path.read_text(encoding="utf-8"))
    complete = any(entry.split()[2] == SUITES[0] for entry in entries)
    return (
        "".join(f"{entry}\n" for entry in dict.fromkeys(entries)) if complete else UPSTREAM_SOURCES
    )


def _one_line_entries(text: str) -> list[str]:
    """Drop options in brackets: keys of Debian itself are in every base image."""
    lines = (
        re.sub(r"\[[^\]]*\]", "", line.partition("#")[0]).split() for line in text.splitlines()
    )
    return [
        f"deb {words[1]} {words[2]} main"
        for words in lines
        if words[:1] == ["deb"] and words[2:3] and words[2] in SUITES and "main" in words[3:]
    ]


def _deb822_entries(text: str) -> list[str]:
    entries: list[str] = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = re.findall(r"^([A-Za-z-]+):\s*(.*(?:\n[ \t].*)*)", stanza, flags=re.MULTILINE)
        words = {name.lower(): value.split() for name, value in fields}
        if "deb" not in words.get("types", ()) or "main" not in words.get("components", ()):
            continue
        if words.get("enabled") == ["no"]:
            continue
        suites = [suite for suite in words.get("suites", ()) if suite in SUITES]
        entries += [f"deb {uri} {suite} main" for uri in words.get("uris", ()) for suite in suites]
    return entries


def apt_dump() -> str:
    """Return what `apt-config` says about reaching mirrors, empty where there is no apt."""
    return _output("apt-config", "dump", "Acquire")


def apt_options(dump: str) -> str:
    """Keep of `apt-config dump` what reaches the mirrors; point apt at the mounted files."""
    kept = [
        line for line in dump.splitlines() if APT_OPTIONS.fullmatch(line) and "::CA" not in line
    ]
    mounted = [
        'Dir::Etc::SourceList "/run/secrets/sources";',
        'Dir::Etc::SourceParts "/dev/null";',
        'Acquire::Languages "none";',
    ]
    if ca_bundle():
        mounted.append('Acquire::https::CAInfo "/run/secrets/ca";')
    return "".join(f"{line}\n" for line in (*kept, *mounted))


def pip_settings(listed: Iterable[str]) -> str:
    """Keep of `pip config list` the package index and how to reach it."""
    found = {}
    for line in listed:
        if (match := PIP_LINE.fullmatch(line)) and match["key"] in PIP_KEYS:
            found[match["key"]] = match["value"].replace("\\n", " ")
    lines = [f"{key} = {value}" for key, value in found.items()]
    if ca_bundle():
        lines.append("cert = /run/secrets/ca")
    return "".join(f"{line}\n" for line in ("[global]", *lines))


def _output(*command: str) -> str:
    """Return a command's output, empty where the command is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout
