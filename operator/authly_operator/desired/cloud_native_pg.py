"""The Cluster of CloudNativePG (postgresql.cnpg.io/v1), where the spec has a template of one.

CloudNativePG runs it, and writes the Secrets <cluster>-app and <cluster>-ca, from which
`material.database_owner` takes the URL.
"""

from typing import Any, Final

from authly_operator import naming
from authly_operator.api import database
from authly_operator.desired import credentials_secret, metadata, quantity
from authly_operator.desired.plan import Plan
from authly_operator.material import database_url
from authly_operator.observed import Manifest


OWNER: Final = "authly"
POD_LABEL: Final = "cnpg.io/cluster"
"""What CloudNativePG labels the pods of a Cluster with."""
_MAY_CREATE_ROLES: Final = f"ALTER ROLE {OWNER} CREATEROLE"
"""The migration makes the roles of the server and of the operator."""


def build(plan: Plan) -> Manifest:
    """The Cluster; without an owner where the data is retained, since its volumes go with it.

    Raises:
        LookupError: the spec has no template.
    """
    wanted = _template(plan)
    if wanted is None:
        message = "the spec has no template"
        raise LookupError(message)
    name = naming.database(plan.name)
    component = naming.Component.DATABASE
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": metadata.build(plan, name, component, owned=credentials_secret.is_owned(plan)),
        "spec": {
            "instances": wanted.instances,
            "storage": _storage(wanted.storage),
            "bootstrap": {
                "initdb": {
                    "database": database_url.MANAGED_NAME,
                    "owner": OWNER,
                    "postInitSQL": [_MAY_CREATE_ROLES],
                }
            },
        },
    }


def is_wanted(plan: Plan) -> bool:
    """Whether the operator makes the Cluster."""
    return _template(plan) is not None


def pods(cluster: str) -> dict[str, str]:
    """The labels of a Cluster's pods."""
    return {POD_LABEL: cluster}


def _template(plan: Plan) -> database.ClusterTemplate | None:
    wanted = plan.spec.database.cloud_native_pg
    return None if wanted is None else wanted.template


def _storage(wanted: database.Storage) -> dict[str, Any]:
    storage = {"size": quantity.canonical(wanted.size), "storageClass": wanted.class_name}
    return {name: part for name, part in storage.items() if part is not None}
