"""
From a recipe to an archive: looked up by key, else pulled, else built.

The base's image id is one of the ingredients of every other key: a new base makes new images.
"""

import tempfile
import time
from pathlib import Path

from images import archives, buildah, debian, host, packages, progress, recipes, registry


def current(recipe: recipes.Recipe) -> Path | None:
    """Return the archive that fits the sources as they are now, or None."""
    key = _key(recipe)
    return archives.find(recipe.name, recipe.tag, key) if key else None


def ensure(recipe: recipes.Recipe) -> Path:
    """
    Return the archive of a recipe, made if need be.

    Raises:
        Failure: it could not be made.
    """
    if found := current(recipe):
        return found
    with archives.locked():
        return current(recipe) or _make(recipe)


def refresh(recipe: recipes.Recipe) -> None:
    """Forget the archive of a recipe, so that its next build starts from new packages."""
    with archives.locked():
        if found := current(recipe):
            found.unlink(missing_ok=True)


def _key(recipe: recipes.Recipe) -> str | None:
    """Return a recipe's key, or None as long as there is no base that it could be made on."""
    if recipe.name == "base":
        return recipe.key(*debian.OPTIONS)
    base = current(recipes.recipe("base"))
    return recipe.key(archives.image_id(base)) if base else None


def _make(recipe: recipes.Recipe) -> Path:
    packages.need("buildah")
    if recipe.name != "base":
        _base_in_storage()
    key = _key(recipe)
    if key is None:
        message = "the base image went away during the build; try again"
        raise progress.Failure(message)
    log = _log(recipe)
    with progress.timed(recipe.reference):
        if not (recipe.upstream and _pulled(recipe, log)):
            _built(recipe, log)
        return _archived(recipe, key, log)


def _base_in_storage() -> None:
    """Make the storage's base the one that the key was made of, also where the storage is new."""
    base = recipes.recipe("base")
    archive = current(base) or _make(base)
    if buildah.image_id(base.reference) != archives.image_id(archive):
        buildah.pull(f"docker-archive:{archive}", _log(base))


def _pulled(recipe: recipes.Recipe, log: Path) -> bool:
    if not registry.reachable():
        progress.say(f"no registry can be reached: {recipe.reference} is made here")
        return False
    try:
        buildah.pull(recipe.reference, log)
    except progress.Failure as failure:
        progress.say(f"{failure}\n{recipe.reference} is made here instead")
        return False
    return True


def _built(recipe: recipes.Recipe, log: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="authly-image-") as name:
        directory = Path(name)
        if recipe.name == "base":
            debian.make(directory / "rootfs.tar", log)
            buildah.build(recipe.reference, recipe.dockerfile, directory, log, [])
            return
        options = [f"--build-arg=BASE={recipes.BASE}", *host.secrets(directory)]
        if not recipe.upstream:
            options.append(f"--label=org.opencontainers.image.version={recipe.tag}")
        buildah.build(recipe.reference, recipe.dockerfile, recipe.context, log, options)


def _archived(recipe: recipes.Recipe, key: str, log: Path) -> Path:
    path = archives.path_of(recipe.name, recipe.tag, key)
    partial = path.with_suffix(".partial")
    try:
        buildah.save(recipe.reference, partial, log)
        archives.finish(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _log(recipe: recipes.Recipe) -> Path:
    """Return a fresh log, `NAME.log` in the cache."""
    path = archives.directory() / f"{recipe.name}.log"
    path.write_text(
        f"{recipe.reference} {time.strftime('%FT%TZ', time.gmtime())}\n", encoding="utf-8"
    )
    return path
