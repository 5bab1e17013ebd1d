"""A cluster in the hands of another program (a test, the demo): the command line as methods."""

import dataclasses
import functools
import subprocess
import sys
import time
from pathlib import Path

from cluster import layout


TIMEOUT_SECONDS = 1800.0  # a first start builds everything
ESTABLISHED_SECONDS = 60.0
_NO_CONDITION = "conditions accessor error"


class CommandFailed(Exception):  # noqa: N818 - says what happened
    """A command ended with another status than 0; the text is what it printed."""


def run(*argv: str, timeout: float = TIMEOUT_SECONDS) -> str:
    """Run a program and return what it printed on stdout.

    Raises:
        CommandFailed: it failed.
        subprocess.TimeoutExpired: it took longer than `timeout` seconds.
    """
    done = subprocess.run(  # noqa: S603 - our own argv
        argv, capture_output=True, text=True, check=False, timeout=timeout
    )
    if done.returncode != 0:
        message = f"{' '.join(argv)}: {done.stdout}{done.stderr}"
        raise CommandFailed(message)
    return done.stdout


def tools() -> Path:
    """The directory of kubectl and helm, which are built if they are not there yet."""
    return _tools_in(layout.cache())


@functools.cache
def _tools_in(_: Path) -> Path:
    return Path(run(sys.executable, str(layout.SOURCE), "tools").split()[-1])


@dataclasses.dataclass(frozen=True)
class Cluster:
    """One cluster, by its name; its methods raise `CommandFailed` where a command fails."""

    name: str

    @property
    def place(self) -> layout.Layout:
        """Where it keeps everything."""
        return layout.find(self.name)

    def argv(self, command: str, *arguments: str) -> list[str]:
        """The command line of one command, for those who run it in the background."""
        return [sys.executable, str(layout.SOURCE), command, "--name", self.name, *arguments]

    def run(self, command: str, *arguments: str) -> str:
        """Run one command and return what it printed."""
        return run(*self.argv(command, *arguments))

    def up(self, *, control_plane: bool = False) -> str:
        """Bring it up; the kubeconfig's path is returned."""
        return self.run("up", *(["--control-plane"] if control_plane else [])).split()[-1]

    def down(self) -> None:
        """Take it down."""
        self.run("down")

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl as administrator and return what it printed."""
        program = str(tools() / "kubectl")
        return run(program, "--kubeconfig", str(self.place.kubeconfig), *arguments)

    def wait_established(self, *what: str) -> None:
        """Wait until definitions of kinds, which `what` names to kubectl, are served."""
        deadline = time.monotonic() + ESTABLISHED_SECONDS
        while True:
            try:
                self.kubectl("wait", "--for=condition=Established", *what, "--timeout=60s")
            except CommandFailed as error:
                # kubectl fails on what has no condition at all, as what was just made has none.
                if _NO_CONDITION not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return
