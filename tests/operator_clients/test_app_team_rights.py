"""An app team that may write AuthlyClients in its namespace, and nothing else anywhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.operator_clients.landscape import MACHINE, Landscape

from authly_operator import naming
from cluster import handle


pytestmark = pytest.mark.control_plane
TEAM = "--as=team"
RULE = {
    "apiGroups": [naming.GROUP],
    "resources": ["authlyclients"],
    "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
}


async def test_an_app_team_registers_its_clients_and_can_do_nothing_beyond_that(
    land: Landscape, control_plane: handle.Cluster, tmp_path: Path
) -> None:
    def file(name: str, document: dict[str, Any]) -> str:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document))
        return str(path)

    def refused(*arguments: str) -> bool:
        try:
            control_plane.kubectl(*arguments, TEAM)
        except handle.CommandFailed as failure:
            return "Forbidden" in str(failure) or "forbidden" in str(failure)
        return False

    place = ("-n", land.place)
    metadata = {"name": "team", "namespace": land.place}
    rbac = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": [RULE]}
    binding = {
        "apiVersion": f"{rbac}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "team"},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": "team"}],
    }
    control_plane.kubectl("create", "-f", file("role", role))
    control_plane.kubectl("create", "-f", file("binding", binding))
    shop = {
        "apiVersion": naming.API_VERSION,
        "kind": "AuthlyClient",
        "metadata": {"name": "shop", "namespace": land.place},
        "spec": {"serverRef": {"name": "main"}, **MACHINE},
    }
    control_plane.kubectl("create", "-f", file("shop", shop), TEAM)
    await land.tell("AuthlyClient", "shop")
    assert await land.works("shop")
    for kind in ("secrets", "authlyservers", "authlyscopes"):
        assert refused("get", kind, *place)
    assert refused("delete", "authlyserver", "main", *place)
    elsewhere = {**shop, "metadata": {"name": "shop", "namespace": "default"}}
    assert refused("create", "-f", file("elsewhere", elsewhere))
    status = json.dumps({"status": {"clientId": "somebody-else"}})
    patched = ("--subresource=status", "--type=merge", "-p", status)
    assert refused("patch", "authlyclient", "shop", *place, *patched)
