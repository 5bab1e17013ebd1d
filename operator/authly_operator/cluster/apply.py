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
from typing import Any, Final

from authly_operator import naming
from authly_operator.cluster import client, difference, errors, ownership, replacement


Key = tuple[str, str]
"""Kind and name."""
Manifest = Mapping[str, Any]
Differences = tuple[difference.Difference, ...]
_ATTEMPTS: Final = 4


@dataclass(frozen=True, slots=True)
class Applied:
    """What one pass wrote, and what it could not: a sentence each.

    Attributes:
        corrected: those of `written` that were wished for before, as now: others changed them.
    """

    written: tuple[Key, ...] = ()
    corrected: tuple[Key, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class Applier:
    """Applies, and remembers the differences that are only another spelling."""

    api: client.Client
    _spelling: dict[tuple[str, str, str], tuple[str, Differences]] = field(default_factory=dict)
    """By namespace, kind and name: the hash of what was desired, and what differed all the same."""

    async def apply(self, desired: Iterable[Manifest], observed: Mapping[Key, Manifest]) -> Applied:
        """Write each manifest that differs, in order; a refused one does not stop the others.

        But a Secret does: what comes after it reads it, and would take what it holds for new.

        Raises:
            errors.Unavailable: the API server cannot be reached.
        """
        written: list[Key] = []
        corrected: list[Key] = []
        failures: list[str] = []
        for manifest in map(stamped, desired):
            key = (manifest["kind"], manifest["metadata"]["name"])
            known = self._is_known(manifest, observed.get(key))
            try:
                if await self._write(manifest, observed.get(key)):
                    written.append(key)
                    corrected += [key] if known else []
            except (errors.Refused, errors.Foreign) as failure:
                failures.append(f"{key[0]} {key[1]}: {failure}")
                if key[0] == "Secret":
                    break
        return Applied(tuple(written), tuple(corrected), tuple(failures))

    def _is_known(self, manifest: Manifest, seen: Manifest | None) -> bool:
        """Whether the very same was desired before, by whichever operator wrote it.

        Of a Secret that is there nobody can tell: the hash leaves its values out.
        """
        if seen is None:
            return self._spelling.get(_place(manifest), ("", ()))[0] == _hash(manifest)
        if manifest["kind"] == "Secret":
            return False
        annotations = seen["metadata"].get("annotations", {})
        return bool(annotations.get(naming.DESIRED_HASH_ANNOTATION) == _hash(manifest))

    async def _write(self, manifest: Manifest, seen: Manifest | None) -> bool:
        """Whether anything was written; what somebody else wrote meanwhile is looked at again."""
        for _ in range(_ATTEMPTS):
            try:
                return await self._bring(manifest, seen or await self._find(manifest))
            except errors.Refused as refused:
                if not refused.conflict:
                    raise
            seen = None
        _, kind, name = _place(manifest)
        message = f"{kind} {name} was changed by others each of {_ATTEMPTS} times it was written"
        raise errors.Unavailable(message)

    async def _find(self, manifest: Manifest) -> Manifest | None:
        """What was not gathered may still exist: ours without its labels, or somebody else's."""
        namespace, kind, name = _place(manifest)
        return await self.api.get(kind, namespace or None, name)

    async def _bring(self, manifest: Manifest, seen: Manifest | None) -> bool:
        """Whether anything was written.

        Raises:
            errors.Refused: with 409 where it is not as it was seen.
        """
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
        """Apply over what exists, for the very version that was seen.

        So a leader that was suspended for a while cannot undo what its successor did.
        """
        try:
            return await self._merged(manifest, seen)
        except errors.Refused as refused:
            if not refused.invalid:
                raise
            return await replacement.replace(self.api, manifest, seen, refused)

    async def _merged(self, manifest: Manifest, seen: Manifest) -> Manifest:
        """Apply beside what others have in lists that are merged by key.

        An entry of others may collide with ours: a Service whose port was edited by hand has two
        of one name. Then the spec is put back as a whole first.
        """
        version = {key: seen["metadata"][key] for key in ("uid", "resourceVersion")}
        try:
            return await self.api.apply(_of(manifest, version))
        except errors.Refused as refused:
            if not refused.invalid or "spec" not in manifest:
                raise
        namespace, kind, name = _place(manifest)
        patch = {"metadata": version, "spec": manifest["spec"]}
        put_back = await self.api.merge(kind, namespace, name, patch)
        version["resourceVersion"] = put_back["metadata"]["resourceVersion"]
        return await self.api.apply(_of(manifest, version))


def stamped(manifest: Manifest) -> Manifest:
    """The manifest with the annotation that tells what was last desired, and Secrets encoded."""
    encoded = _encoded(manifest)
    metadata = encoded["metadata"]
    annotations = {
        **metadata.get("annotations", {}),
        naming.DESIRED_HASH_ANNOTATION: _digest(encoded),
    }
    return {**encoded, "metadata": {**metadata, "annotations": annotations}}


def _of(manifest: Manifest, version: Mapping[str, str]) -> Manifest:
    """The manifest for the very version that is told by uid and resourceVersion."""
    return {**manifest, "metadata": {**manifest["metadata"], **version}}


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
