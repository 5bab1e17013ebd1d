"""Whose service accounts a server believes: the cluster's issuer and keys, handed to its pods.

The keys are a mounted ConfigMap that the server reads each time, so that those of a cluster that
rotates them arrive without a restart; its pods need neither a token nor a way to the API server.
"""

from collections.abc import Mapping
from typing import Final

from authly_operator import naming
from authly_operator.api import authly_server
from authly_operator.observed import AccountsProbe, ServerObserved


VOLUME: Final = "account-keys"
DIRECTORY: Final = "/etc/authly/accounts"
ISSUER: Final = "issuer"
KEYS: Final = "jwks.json"
_OWN: Final = frozenset({"KUBERNETES_ISSUER", "KUBERNETES_JWKS_FILE", "KUBERNETES_JWKS_URL"})


def believed(spec: authly_server.Spec, seen: ServerObserved) -> AccountsProbe | None:
    """The issuer and its keys; None where nobody knows them, or where extraEnv names others.

    What was handed out once stays while the API server does not say: nothing restarts for that.
    """
    if _OWN & {variable.name for variable in spec.extra_env}:
        return None
    if seen.accounts.issuer is not None:
        return seen.accounts
    there = seen.child("ConfigMap", naming.account_keys(seen.identity.name))
    data: Mapping[str, str] = (there or {}).get("data") or {}
    if not data.get(ISSUER) or not data.get(KEYS):
        return None
    return AccountsProbe(issuer=data[ISSUER], keys=data[KEYS])


def settings(accounts: AccountsProbe | None) -> dict[str, str]:
    """By the names of environment variables; the keys are none, since they may change."""
    if accounts is None or accounts.issuer is None:
        return {}
    return {
        "KUBERNETES_ISSUER": accounts.issuer,
        "KUBERNETES_JWKS_FILE": f"{DIRECTORY}/{KEYS}",
    }


def data(accounts: AccountsProbe | None) -> dict[str, str]:
    """What the ConfigMap holds."""
    if accounts is None or accounts.issuer is None:
        return {}
    return {ISSUER: accounts.issuer, KEYS: accounts.keys}
