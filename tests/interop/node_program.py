"""A client in JavaScript: it asks for a browser by a line of JSON, and ends with what it got."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


FOLDER = Path(__file__).parent / "node"
PATIENCE = 60.0


def ensure_installed() -> None:
    """Install what the lock file names, unless that has been done."""
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(  # noqa: S603
        command, check=False, cwd=FOLDER, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"npm ci failed: {done.stderr}"
    installed.touch()


def run(
    program: str,
    configuration: Mapping[str, object],
    *,
    authority: Path,
    visit: Callable[[str, str], str],
) -> dict[str, Any]:
    """What the program reports; it trusts `authority`, and `visit` is its user's browser.

    `visit` gets the URL to open and where the client waits, and answers where the browser came.
    """
    environ = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": str(authority)}
    with subprocess.Popen(  # noqa: S603
        ["node", f"{program}.mjs"],  # noqa: S607
        cwd=FOLDER,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            print(json.dumps(configuration), file=process.stdin, flush=True)
            for line in process.stdout:
                message: dict[str, Any] = json.loads(line)
                if "result" in message:
                    result: dict[str, Any] = message["result"]
                    return result
                arrived = {"arrived": visit(message["visit"], message["home"])}
                print(json.dumps(arrived), file=process.stdin, flush=True)
        finally:
            process.kill()
    raise AssertionError(f"{program} ended without a result")
