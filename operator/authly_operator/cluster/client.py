"""The API server as plain dicts in and out: read, apply, patch, delete, watch."""

import dataclasses
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import aiohttp

from authly_operator import naming
from authly_operator.cluster import access, connection, errors, resources
from authly_operator.cluster.connection import Request
from authly_operator.cluster.selection import Selection


APPLY: Final = "application/apply-patch+yaml"
JSON_PATCH: Final = "application/json-patch+json"
MERGE: Final = "application/merge-patch+json"
METADATA: Final = "application/json;as={};g=meta.k8s.io;v=v1"
"""Content negotiation for lists and watches that never carry more than metadata."""
PUBLISHED: Final = "application/json, application/jwk-set+json"
"""Keys are published as the latter alone (RFC 7517 section 8.5)."""
PAGE: Final = 500
_ATTEMPTS: Final = 3

Manifest = dict[str, Any]


class Client:
    """The verbs of one API server; the Lease has a client of its own, so that it never queues.

    Every method raises errors.Unavailable where the API server gives no answer, and errors.Refused
    where it says no.
    """

    def __init__(self, wire: connection.Connection, page: int = PAGE) -> None:
        self._wire = wire
        self._page = page

    @classmethod
    async def connect(
        cls, kubeconfig: str | None = None, fence: connection.Fence | None = None
    ) -> Self:
        """Use a kubeconfig's current context, or the pod's service account where None is named.

        `fence` is asked before each write, and what it raises stops it.

        Raises:
            errors.Unconfigured: neither is there.
        """
        return cls(connection.Connection(access.find(kubeconfig), fence))

    async def close(self) -> None:
        """Close every connection."""
        await self._wire.close()

    async def get(self, kind: str, namespace: str | None, name: str) -> Manifest | None:
        """One object, or None where it is not there."""
        path = resources.get(kind).path(namespace, name)
        try:
            return await self._wire.request(Request(method="GET", path=path))
        except errors.Refused as refused:
            if refused.absent:
                return None
            raise

    async def served_kinds(self, api_version: str) -> frozenset[str]:
        """The kinds of a group and version; none where the cluster does not know the group."""
        try:
            answer = await self._wire.request(Request(method="GET", path=f"/apis/{api_version}"))
        except errors.Refused as refused:
            if refused.absent:
                return frozenset()
            raise
        return frozenset(str(one["kind"]) for one in answer["resources"])

    async def published(self, path: str) -> Manifest:
        """A document that the API server publishes of itself."""
        accept = {"Accept": PUBLISHED}
        return await self._wire.request(Request(method="GET", path=path, headers=accept))

    async def list_objects(
        self, kind: str, namespace: str | None = None, selector: str = ""
    ) -> list[Manifest]:
        """Every object, page by page; kind and apiVersion are written into each."""
        found, _ = await self._list(kind, namespace, Selection(labels=selector))
        typed = {"apiVersion": resources.get(kind).api_version, "kind": kind}
        return [{**typed, **item} for item in found]

    async def list_metadata(
        self, kind: str, namespace: str | None, chosen: Selection
    ) -> tuple[list[Manifest], str]:
        """The metadata of every object, and the resourceVersion to watch from."""
        accept = METADATA.format("PartialObjectMetadataList")
        found, version = await self._list(kind, namespace, chosen, {"Accept": accept})
        return [item["metadata"] for item in found], version

    async def apply(
        self, manifest: Mapping[str, Any], manager: str = naming.FIELD_MANAGER
    ) -> Manifest:
        """Server-side apply with force; what the manager applied before and not now goes."""
        parameters = {"fieldManager": manager, "force": "true"}
        return await self._wire.request(
            Request(
                method="PATCH",
                path=_path(manifest),
                parameters=parameters,
                body=manifest,
                headers={"Content-Type": APPLY},
                confidential=manifest["kind"] == "Secret",
            )
        )

    async def write_status(self, resource: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
        """Write the whole status in one go; whether there still was that very resource.

        By a JSON patch (RFC 6902) for the version that was judged, so that a resource of the same
        name that came later is left alone: server-side apply of a status does not look at it.
        Another version of the same generation has the same spec: it is written to as well.

        Raises:
            errors.Refused: with 409 where the spec changed meanwhile.
        """
        current = resource
        for _ in range(_ATTEMPTS):
            try:
                await self._patch_status(current, status)
            except errors.Refused as refused:
                found = await self._again(current, refused)
                if found is None:
                    return False
                current = found
            else:
                return True
        name = f"{resource['kind']} {resource['metadata']['name']}"
        message = f"the status of {name} was not written: others write to it all the time"
        raise errors.Unavailable(message)

    async def _patch_status(self, resource: Mapping[str, Any], status: Mapping[str, Any]) -> None:
        metadata = resource["metadata"]
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
            # A version of the past is a conflict (409); a test of it would be a refusal (422).
            {
                "op": "replace",
                "path": "/metadata/resourceVersion",
                "value": metadata["resourceVersion"],
            },
            {"op": "add", "path": "/status", "value": status},
        ]
        place = metadata["namespace"], metadata["name"]
        path = resources.get(resource["kind"]).path(*place, "status")
        await self._send("PATCH", path, patch, {"Content-Type": JSON_PATCH})

    async def _again(self, resource: Mapping[str, Any], refused: errors.Refused) -> Manifest | None:
        """The resource as it is now; None where it is gone, or another has its name.

        Raises:
            errors.Refused: what was said, where that is no matter of versions.
        """
        kind, metadata = resource["kind"], resource["metadata"]
        place = metadata["namespace"], metadata["name"]
        found = None if refused.absent else await self.get(kind, *place)
        if found is None or found["metadata"]["uid"] != metadata["uid"]:
            return None
        if not refused.conflict or found["metadata"]["generation"] != metadata["generation"]:
            raise refused
        return found

    async def create(self, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Manifest:
        """Create an object, or only ask whether it could be; Refused with 409 where it exists."""
        path = resources.get(manifest["kind"]).path(manifest["metadata"].get("namespace"))
        parameters = {"dryRun": "All"} if dry_run else {}
        return await self._send("POST", path, manifest, parameters=parameters)

    async def replace(self, manifest: Mapping[str, Any]) -> Manifest:
        """Replace an object of the very resourceVersion that the manifest carries."""
        return await self._send("PUT", _path(manifest), manifest)

    async def merge(
        self, kind: str, namespace: str, name: str, patch: Mapping[str, Any]
    ) -> Manifest:
        """A JSON merge patch (RFC 7396)."""
        path = resources.get(kind).path(namespace, name)
        return await self._send("PATCH", path, patch, {"Content-Type": MERGE})

    async def delete(self, kind: str, namespace: str, name: str, uid: str) -> None:
        """Delete the object of that uid, its dependants in the background; absence is success."""
        body = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        path = resources.get(kind).path(namespace, name)
        try:
            await self._wire.request(Request(method="DELETE", path=path, body=body))
        except errors.Refused as refused:
            if not refused.absent and not refused.conflict:
                raise

    @asynccontextmanager
    async def watch_metadata(
        self,
        kind: str,
        namespace: str | None,
        chosen: Selection,
        version: str,
        *,
        seconds: int,
        silence: float,
    ) -> AsyncIterator[AsyncIterator[Manifest]]:
        """Watch events with nothing but metadata, for at most so many seconds.

        The API server sends a bookmark about every minute, so a connection that was silent for
        `silence` seconds is dead, whatever TCP believes.

        Raises:
            errors.Unavailable: the connection broke, or is silent.
            errors.Refused: 410 where the version is too old to continue from.
        """
        parameters = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            **chosen.parameters(),
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        request = Request(
            method="GET",
            path=resources.get(kind).path(namespace),
            parameters=parameters,
            headers={"Accept": METADATA.format("PartialObjectMetadata")},
            patience=aiohttp.ClientTimeout(connect=5, sock_read=silence),
        )
        async with self._wire.opened(request) as response:
            yield connection.events(response)

    async def _list(
        self,
        kind: str,
        namespace: str | None,
        chosen: Selection,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[list[Manifest], str]:
        """All items and the list's resourceVersion.

        Where a page expired meanwhile (410), all are asked for in one page, which cannot expire.
        """
        path = resources.get(kind).path(namespace)
        whole = chosen.parameters()
        paged = Request(
            method="GET",
            path=path,
            parameters={**whole, "limit": str(self._page)},
            headers=headers or {},
        )
        try:
            return await self._pages(paged)
        except errors.Refused as refused:
            if not refused.expired:
                raise
        try:
            return await self._pages(dataclasses.replace(paged, parameters=whole))
        except errors.Refused as refused:
            if not refused.expired:
                raise
        message = f"the list of {kind} objects expired while it was read"
        raise errors.Unavailable(message)

    async def _pages(self, request: Request) -> tuple[list[Manifest], str]:
        found: list[Manifest] = []
        token = ""
        while True:
            parameters = {**request.parameters, "continue": token}
            page = await self._wire.request(dataclasses.replace(request, parameters=parameters))
            found += page["items"] or []  # an empty list of metadata is null
            token = page["metadata"].get("continue", "")
            if not token:
                return found, page["metadata"]["resourceVersion"]

    async def _send(
        self,
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Manifest:
        return await self._wire.request(
            Request(
                method=method,
                path=path,
                parameters={"fieldManager": naming.FIELD_MANAGER, **(parameters or {})},
                body=body,
                headers=headers or {},
                confidential="/secrets" in path,
            )
        )


def _path(manifest: Mapping[str, Any]) -> str:
    metadata = manifest["metadata"]
    return resources.get(manifest["kind"]).path(metadata.get("namespace"), metadata["name"])
