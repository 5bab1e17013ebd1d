"""Bring objects to what is desired by server-side apply, and only those that differ.

An object is written where it is absent, where a field differs, or where the hash of what was last
desired differs (so that fields no longer desired are given up). What still differs in the answer
to a write is only another spelling (the API server normalised it): that is remembered, and is no
difference from then on, so a steady state writes nothing.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authly_operator import naming
from authly_operator.cluster import client, difference, errors, ownership


Key = tuple[str, str]
"""Kind and name."""
Manifest = Mapping[str, Any]
Differences = tuple[difference.Difference, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """What one pass wrote, and what it could not: a sentence each."""

    written: tuple[Key, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class Applier:
    """Applies, and remembers the differences that are only another spelling."""

    api: client.Client
    _spelling: dict[tuple[str, str, str], tuple[str, Differences]] = field(default_factory=dict)
    """By namespace, kind and name: the hash of what was desired, and what differed all the same."""

    async def apply(self, desired: Iterable[Manifest], observed: Mapping[Key, Manifest]) -> Applied:
        """Write each manifest that differs, in order; a refused one does not stop the others.

        Raises:
            errors.Unavailable: the API server cannot be reached.
        """
        written: list[Key] = []
        failures: list[str] = []
        for manifest in map(stamped, desired):
            key = (manifest["kind"], manifest["metadata"]["name"])
            try:
                if await self._write(manifest, observed.get(key)):
                    written.append(key)
            except (errors.Refused, errors.Foreign) as failure:
                failures.append(f"{key[0]} {key[1]}: {failure}")
        return Applied(tuple(written), tuple(failures))

    async def _write(self, manifest: Manifest, seen: Manifest | None) -> bool:
        """Whether anything was written.

        What was not gathered may still exist: ours without its labels, or somebody else's.
        """
        metadata = manifest["metadata"]
        seen = seen or await self.api.get(
            manifest["kind"], metadata.get("namespace"), metadata["name"]
        )
        if seen is not None:
            ownership.check(manifest, seen)
            found = tuple(difference.find(manifest, seen))
            if not found or self._spelling.get(_place(manifest)) == (_hash(manifest), found):
                return False
        answer = await (self.api.apply(manifest) if seen is None else self._over(manifest, seen))
        left = tuple(difference.find(manifest, answer))
        self._spelling[_place(manifest)] = (_hash(manifest), left)
        return seen is None or _essence(answer) != _essence(seen)

    async def _over(self, manifest: Manifest, seen: Manifest) -> Manifest:
        """Apply over what exists, whose lists may hold entries of others.

        Merged by key, such an entry stays beside ours and may collide with it: a Service whose
        port was edited by hand has two of one name. Then the spec is put back as a whole first.
        """
        try:
            return await self.api.apply(manifest)
        except errors.Refused as refused:
            if not refused.invalid or "spec" not in manifest:
                raise
        patch = {"metadata": {"uid": seen["metadata"]["uid"]}, "spec": manifest["spec"]}
        namespace, kind, name = _place(manifest)
        await self.api.merge(kind, namespace, name, patch)
        return await self.api.apply(manifest)


def stamped(manifest: Manifest) -> Manifest:
    """The manifest with the annotation that tells what was last desired, and Secrets encoded."""
    encoded = _encoded(manifest)
    metadata = encoded["metadata"]
    annotations = {
        **metadata.get("annotations", {}),
        naming.DESIRED_HASH_ANNOTATION: _digest(encoded),
    }
    return {**encoded, "metadata": {**metadata, "annotations": annotations}}


def _encoded(manifest: Manifest) -> Manifest:
    """`stringData` as `data`: it is never read back, so a change of it would go unseen."""
    texts = manifest.get("stringData")
    if manifest["kind"] != "Secret" or texts is None:
        return manifest
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    rest = {key: part for key, part in manifest.items() if key != "stringData"}
    return {**rest, "data": {**manifest.get("data", {}), **data}}


def _digest(manifest: Manifest) -> str:
    """SHA-256, 16 hexadecimal digits; of a Secret's data only the keys, never a value."""
    shown: dict[str, Any] = dict(manifest)
    if manifest["kind"] == "Secret" and "data" in shown:
        shown["data"] = sorted(shown["data"])
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _hash(manifest: Manifest) -> str:
    return str(manifest["metadata"]["annotations"][naming.DESIRED_HASH_ANNOTATION])


def _place(manifest: Manifest) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return metadata.get("namespace") or "", manifest["kind"], metadata["name"]


def _essence(seen: Manifest) -> Manifest:
    """The object without what others write to it all the time."""
    metadata = {
        key: part
        for key, part in seen["metadata"].items()
        if key not in ("resourceVersion", "managedFields")
    }
    return {**seen, "metadata": metadata, "status": None}
