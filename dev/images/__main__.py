"""
Builds the container images: `python3 dev/images build`.

Standard library only, so that it works before any virtual environment exists. Archives are
printed on stdout, one path a line; everything else goes to stderr. They are loaded into a cluster
by `python3 dev/cluster load-image PATH ...`, or anywhere by `docker load`, `podman load` or
`ctr --namespace k8s.io images import`.
"""

import argparse
import sys
from pathlib import Path


# `python3 dev/images` puts this directory first: the package is one above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from images import archives, build, buildah, progress, recipes  # noqa: E402


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line; argparse exits with 2 and one line when it is wrong."""
    parser = argparse.ArgumentParser(prog="dev/images", description="Build container images.")
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("build", help="build what is missing; print the archives' paths")
    make.add_argument(
        "names", nargs="*", choices=[*recipes.NAMES, "all"], default="all", metavar="NAME"
    )
    make.add_argument(
        "--refresh", action="store_true", help="make them anew, from today's packages"
    )
    show = commands.add_parser("archive", help="print an up-to-date archive's path; builds nothing")
    show.add_argument("names", nargs="+", choices=recipes.NAMES, metavar="NAME")
    for command in (make, show):
        command.epilog = f"NAME: {', '.join(recipes.NAMES)}"
        command.add_argument("--tag", help="another tag than the project's version: 0.1.1")
        command.add_argument(
            "--source", type=Path, default=recipes.ROOT, help="another source tree"
        )
    commands.add_parser("clean", help="remove all archives and layers")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one command; return the exit status: 0, or 1 after one clear line on stderr."""
    options = parse(arguments)
    try:
        if options.command == "clean":
            _clean()
        else:
            paths = [_archive(recipe, options) for recipe in _wanted(options)]
            print(*paths, sep="\n")
    except progress.Failure as failure:
        progress.say(f"error: {failure}")
        return 1
    except KeyboardInterrupt:
        progress.say("interrupted")
        return 130
    return 0


def _wanted(options: argparse.Namespace) -> list[recipes.Recipe]:
    every = "all" in options.names or not options.names
    names = recipes.ALL if every else tuple(dict.fromkeys(options.names))
    if every and options.tag:
        names = recipes.PROGRAMS
    return [recipes.recipe(name, options.tag, options.source.absolute()) for name in names]


def _archive(recipe: recipes.Recipe, options: argparse.Namespace) -> Path:
    if options.command == "build":
        if options.refresh:
            build.refresh(recipe)
        return build.ensure(recipe)
    if found := build.current(recipe):
        return found
    message = (
        f"{recipe.name} is not built as its sources are now: python3 dev/images build {recipe.name}"
    )
    raise progress.Failure(message)


def _clean() -> None:
    with archives.locked():
        for path in archives.directory().glob("*.*"):
            if path.suffix in {".tar", ".partial", ".log"}:
                path.unlink(missing_ok=True)
        buildah.discard_storage()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
