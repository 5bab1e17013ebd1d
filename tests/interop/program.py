"""A client in its own process: it asks for a browser, a JSON line each, and says what it got."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


Visit = Callable[[str, str], str]


def run(
    command: Sequence[str | Path],
    configuration: Mapping[str, object],
    *,
    folder: Path,
    authority: Path,
    visit: Visit,
) -> dict[str, Any]:
    """What the program reports; it trusts `authority`, and `visit` is its user's browser.

    `visit` gets the URL to open and where the client waits, and answers where the browser came.
    """
    trusted = str(authority)
    environ = {
        "PATH": os.environ["PATH"],
        "NODE_EXTRA_CA_CERTS": trusted,  # Node
        "SSL_CERT_FILE": trusted,  # Go and Python
    }
    with subprocess.Popen(  # noqa: S603
        command, cwd=folder, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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
    raise AssertionError(f"{command} ended without a result")
