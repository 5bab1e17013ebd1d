"""The Ingress: only what OAuth's clients and users need, each path by its whole name.

Health stays inside the cluster, and so do metrics and what is for administrators, unless the spec
publishes them.
"""

from typing import Any, Final

from authly_operator import naming
from authly_operator.api import exposure
from authly_operator.desired import administration, config, metadata, url
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


ENDPOINTS: Final = (
    "/authorize",
    "/login",
    "/consent",
    "/logout",
    "/device",
    "/device/login",
    "/device/consent",
    "/device_authorization",
    "/par",
    "/token",
    "/auth/token",
    "/auth/refresh",
    "/revoke",
    "/introspect",
    "/userinfo",
    "/jwks",
    "/account",
    "/account/login",
    "/account/sessions",
    "/account/applications",
    "/account/password",
    "/account/second-factor",
)
"""Below the issuer's path."""
MAILED: Final = ("/account/forgotten-password", "/account/new-password")
"""The same, where the server can send mail."""
METRICS: Final = "/metrics"
ADMINISTRATION: Final = "/admin/v1"
"""What is for administrators, below the issuer's path too, and all of it below this."""
REGISTRATION: Final = "/register"
"""Where clients register themselves, and below it, by their client_id, manage that (RFC 7592)."""
METADATA: Final = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
"""Before and after the issuer's path (RFC 8414 sections 3.1 and 5)."""
_CERT_MANAGER: Final = {
    exposure.IssuerKind.ISSUER: "cert-manager.io/issuer",
    exposure.IssuerKind.CLUSTER_ISSUER: "cert-manager.io/cluster-issuer",
}


def build(plan: Plan) -> Manifest:
    """The Ingress of spec.ingress."""
    wanted = plan.spec.ingress
    published = [_path(plan, path) for path in paths(plan)]
    published += [_path(plan, path, "Prefix") for path in prefixes(plan)]
    published += [_metrics(plan)] if wanted.expose_metrics else []
    published += [_administration(plan)] if administration.is_published(plan) else []
    rule = {"host": wanted.host, "http": {"paths": published}}
    spec: dict[str, Any] = {"rules": [rule]}
    if wanted.class_name is not None:
        spec["ingressClassName"] = wanted.class_name
    if wanted.tls is not None:
        secret_name = wanted.tls.secret_name or naming.tls(plan.name)
        spec["tls"] = [{"hosts": [wanted.host], "secretName": secret_name}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata.build(
            plan, naming.deployment(plan.name), annotations=_annotations(wanted)
        ),
        "spec": spec,
    }


def is_wanted(plan: Plan) -> bool:
    """Whether there is an Ingress."""
    return plan.spec.ingress.enabled


def paths(plan: Plan) -> tuple[str, ...]:
    """Every path that is published."""
    prefix = url.path(plan.spec.effective_issuer())
    served = plan.spec.oauth.device_flow
    wanted = ENDPOINTS if plan.spec.email is None else ENDPOINTS + MAILED
    endpoints = [prefix + path for path in wanted if served or not path.startswith("/device")]
    well_known = [path for name in METADATA for path in (name + prefix, prefix + name)]
    return tuple(dict.fromkeys((*endpoints, *well_known)))


def prefixes(plan: Plan) -> tuple[str, ...]:
    """Paths that are published with everything below them."""
    if not plan.registers:
        return ()
    return (url.path(plan.spec.effective_issuer()) + REGISTRATION,)


def _metrics(plan: Plan) -> dict[str, Any]:
    port = {"number": config.MANAGEMENT_PORT}
    backend = {"service": {"name": naming.metrics(plan.name), "port": port}}
    return {"path": METRICS, "pathType": "Exact", "backend": backend}


def _administration(plan: Plan) -> dict[str, Any]:
    path = url.path(plan.spec.effective_issuer()) + ADMINISTRATION
    port = {"number": config.ADMIN_PORT}
    backend = {"service": {"name": naming.administration(plan.name), "port": port}}
    return {"path": path, "pathType": "Prefix", "backend": backend}


def _path(plan: Plan, path: str, kind: str = "Exact") -> dict[str, Any]:
    port = {"number": plan.spec.service.port}
    backend = {"service": {"name": naming.deployment(plan.name), "port": port}}
    return {"path": path, "pathType": kind, "backend": backend}


def _annotations(wanted: exposure.Ingress) -> dict[str, str]:
    issuer = wanted.tls.issuer_ref if wanted.tls else None
    certificate = {_CERT_MANAGER[issuer.kind]: issuer.name} if issuer else {}
    return {**wanted.annotations, **certificate}
