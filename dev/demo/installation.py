"""Images, the operator by its chart, and the example."""

import sys
from pathlib import Path

from demo import narration, program
from demo.failure import Failure
from demo.place import ROOT, Place


NAMESPACE = "authly-system"
RELEASE = "authly-operator"
CHART = ROOT / "helm" / "authly-operator"
EXAMPLE = ROOT / "examples" / "quickstart.yaml"
IMAGES = ("operator", "server", "postgres")
REQUIRED = ("authly/operator:0.1.0", "authly/server:0.1.0", "postgres:15")


def load_images(place: Place) -> dict[str, str]:
    """Build what changed and bring it into the embedded cluster; answer each image's build.

    Raises:
        Failure: an image cannot be built.
    """
    if place.embedded is None:
        narration.told(f"not built here: your cluster must be able to pull {', '.join(REQUIRED)}")
        narration.told("(`make images` prints archives for `kind load image-archive` and the like)")
        return {}
    argv = [sys.executable, str(ROOT / "dev" / "images"), "build", *IMAGES]
    archives = program.run(argv, shown=True).split()
    for name in program.run(place.embedded.argv("load-image", *archives)).split():
        narration.told(f"in the cluster: {name}")
    return dict(zip(IMAGES, (Path(archive).stem for archive in archives), strict=True))


def install(place: Place, builds: dict[str, str]) -> None:
    """Install or upgrade the operator. A new build of the same version replaces its pods.

    Raises:
        Failure: Helm refused.
    """
    if place.embedded is None and _is_installed(place):
        narration.told(f"release {RELEASE} is there already, and is used as it is")
        return
    where = ("--namespace", NAMESPACE, "--create-namespace")
    chosen = ["--set-string", f"podAnnotations.build={builds['operator']}"] if builds else []
    told = program.run([*place.helm, "upgrade", "--install", RELEASE, str(CHART), *where, *chosen])
    status = [line for line in told.splitlines() if line.startswith(("STATUS", "REVISION"))]
    narration.told(f"helm upgrade --install {RELEASE}: {', '.join(status)}")


def _is_installed(place: Place) -> bool:
    listed = program.run([*place.helm, "list", "--namespace", NAMESPACE, "--all", "--short"])
    return RELEASE in listed.split()


def check_nobody_elses(place: Place, issuer: str) -> None:
    """Check that the example would not meet a server that somebody runs under its name.

    Raises:
        Failure: it would.
    """
    wanted = ("get", "authlyserver", "main", "-n", "authly", "--ignore-not-found")
    found = place.run(*wanted, "-o", "jsonpath={.spec.issuer}")
    if found not in {"", issuer}:
        message = f"AuthlyServer authly/main exists with issuer {found}: it is left alone"
        raise Failure(message)


def apply_example(place: Place, builds: dict[str, str]) -> None:
    """Apply the example, and have an older build of the server's image replaced.

    Raises:
        Failure: the API server refused.
    """
    kinds = (f"crd/authly{kind}.authly.dev" for kind in ("servers", "scopes", "clients"))
    place.run("wait", "--for=condition=Established", *kinds, "--timeout=60s")
    for line in place.run("apply", "-f", str(EXAMPLE)).splitlines():
        narration.told(line)
    if builds:
        annotation = f"authly.dev/restart-at={builds['server']}"
        place.run("annotate", "--overwrite", "-n", "authly", "authlyserver/main", annotation)
