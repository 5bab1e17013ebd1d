"""The story on one screen: cluster, images, operator, example, Ready, sign-in, what next."""

import argparse
import os

from cluster import layout, refusal
from demo import closing, installation, narration, place as places, readiness, walk
from demo.failure import Failure
from demo.narration import Story
from demo.place import Place


def main(arguments: list[str]) -> int:
    """Tell the story; exit status 0, or 1 with one line that says what went wrong."""
    options = parser().parse_args(arguments)
    try:
        _tell(options)
    except (Failure, refusal.Refusal) as error:
        narration.say(f"demo: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """All options."""
    top = argparse.ArgumentParser(
        prog="python3 dev/demo",
        description="Deploy a whole authorization server, sign in, and get tokens.",
    )
    top.add_argument(
        "--context",
        default=os.environ.get("CONTEXT", ""),
        help="use the cluster of this kubeconfig context instead of the embedded one",
    )
    top.add_argument(
        "--name", default=layout.DEFAULT_NAME, help="the embedded cluster's name (%(default)s)"
    )
    top.add_argument(
        "--timeout", type=float, default=240, help="seconds until everything is Ready (%(default)s)"
    )
    return top


def _tell(options: argparse.Namespace) -> None:
    story = Story()
    place = _place(story, options)
    _deploy(story, place, options.timeout)
    with places.reach(place, *walk.SERVER) as address:
        _say_how(place, address)
        walk.run(place, story, address)
    narration.say(f"\nEverything works, after {story.seconds():.0f} s.")
    closing.tell(place)


def _place(story: Story, options: argparse.Namespace) -> Place:
    if options.context:
        story.step(f"Your cluster, by context {options.context}")
        return places.find_context(options.context)
    story.step("A real Kubernetes on this machine")
    return places.start_embedded(options.name)


def _deploy(story: Story, place: Place, seconds: float) -> None:
    story.step("Images: operator, server, PostgreSQL")
    builds = installation.load_images(place)
    story.step("Install the operator by its Helm chart")
    installation.install(place, builds)
    story.step("Apply examples/quickstart.yaml")
    installation.check_nobody_elses(place, walk.ISSUER)
    installation.apply_example(place, builds)
    story.step("Wait until everything is Ready")
    for each in readiness.wait(place, seconds):
        narration.told(f"{each.name}: {each.says}")


def _say_how(place: Place, address: places.Address) -> None:
    if place.embedded is None:
        narration.told("")
        narration.told(
            f"By kubectl port-forward: plain HTTP to 127.0.0.1:{address.port}, and the Host header"
        )
        narration.told(
            f"names the issuer {walk.ISSUER}. People need TLS in front: see production.yaml."
        )
