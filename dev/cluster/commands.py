"""The command line: results go to stdout, progress and complaints to stderr."""

import argparse
import os
import sys
from pathlib import Path

from cluster import (
    binaries,
    enforcer,
    forwarder,
    images,
    layout,
    lifecycle,
    namespace,
    processes,
    programs,
    progress,
    refusal,
    settings,
    status as status_report,
)


def main(arguments: list[str]) -> int:
    """Run one command; exit status 0, 1 with one line on stderr, or 2 for a wrong command line."""
    parsed = parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except refusal.Refusal as error:
        progress.say(f"cluster: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    top = argparse.ArgumentParser(
        prog="python3 dev/cluster", description="A real single-node Kubernetes."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        if name != "tools":
            command.add_argument(
                "--name",
                default=layout.DEFAULT_NAME,
                help="the cluster's name (default: %(default)s)",
            )
        return command

    add(
        "up", up, "bring the cluster up, or bring back what died; prints the kubeconfig's path"
    ).add_argument(
        "--control-plane",
        action="store_true",
        help="only etcd, the API server and the controllers; needs no root",
    )
    add("down", down, "take the cluster down and leave nothing of it")
    add("status", status, "show what is alive")
    add("kubeconfig", kubeconfig, "print the kubeconfig's path")
    load = add("load-image", load_image, "bring docker-archives into the cluster")
    load.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    add("tools", tools, "build kubectl and helm; prints their directory")
    forward_command = add(
        "forward", forward, "from a port on 127.0.0.1 into the cluster, until interrupted"
    )
    forward_command.add_argument("port", type=int, metavar="LISTEN_PORT")
    forward_command.add_argument(
        "target", metavar="HOST:PORT", help="a Service as NAME.NAMESPACE, or an address"
    )
    forward_command.add_argument(
        "--tls", action="store_true", help="terminate TLS for localhost, by the cluster's CA"
    )
    add(
        "enforce-policies", enforce_policies, "let NetworkPolicies block, as a network plug-in does"
    ).add_argument("--off", action="store_true", help="let every packet pass again")
    execute_command = add("exec", execute, "run a command inside the cluster's network")
    execute_command.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return top


def up(parsed: argparse.Namespace) -> int:
    """`up`: the kubeconfig's path is the last line on stdout."""
    place = layout.find(parsed.name)
    lifecycle.up(place, control_plane=parsed.control_plane)
    sys.stdout.write(f"{place.kubeconfig}\n")
    return 0


def down(parsed: argparse.Namespace) -> int:
    """`down`."""
    lifecycle.down(layout.find(parsed.name))
    return 0


def status(parsed: argparse.Namespace) -> int:
    """`status`: exit status 0 when everything is alive."""
    lines, well = status_report.report(layout.find(parsed.name))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if well else 1


def kubeconfig(parsed: argparse.Namespace) -> int:
    """`kubeconfig`."""
    place = layout.find(parsed.name)
    settings.get(place)
    sys.stdout.write(f"{place.kubeconfig}\n")
    return 0


def load_image(parsed: argparse.Namespace) -> int:
    """`load-image`: prints the full names of the images."""
    place = layout.find(parsed.name)
    settings.get_node(place)
    for archive in parsed.archives:
        sys.stdout.write("".join(f"{name}\n" for name in images.load(place, archive)))
    return 0


def tools(_parsed: argparse.Namespace) -> int:
    """`tools`: prints the directory."""
    sys.stdout.write(f"{binaries.tools()}\n")
    return 0


def forward(parsed: argparse.Namespace) -> int:
    """`forward`: runs until SIGTERM or SIGINT, or until the cluster goes down."""
    place = layout.find(parsed.name)
    settings.get_node(place)
    if processes.MARK not in os.environ:
        # Start over with the mark of the cluster's processes, by which `down` finds this one.
        argv = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, argv, processes.environment(place.root))  # noqa: S606 - no shell is wanted
    target = forwarder.parse_target(parsed.target)
    listener = forwarder.listen(parsed.port)
    progress.say(f"Forwarding 127.0.0.1:{listener.getsockname()[1]} to {parsed.target}")
    forwarder.run(place, listener, target, forwarder.terminate_tls(place) if parsed.tls else None)
    return 0


def enforce_policies(parsed: argparse.Namespace) -> int:
    """`enforce-policies`: until `--off`, or until the cluster goes down."""
    (enforcer.end if parsed.off else enforcer.begin)(layout.find(parsed.name))
    return 0


def execute(parsed: argparse.Namespace) -> int:
    """`exec`: becomes the command."""
    place = layout.find(parsed.name)
    settings.get_node(place)
    command = parsed.command[1:] if parsed.command[:1] == ["--"] else parsed.command
    if not command:
        message = "exec: name a command behind --"
        raise refusal.Refusal(message)
    argv = namespace.inside_with_names(place, command)
    programs.become(argv, processes.environment(place.root))
    return 0
