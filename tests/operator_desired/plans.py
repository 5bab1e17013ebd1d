"""One AuthlyServer in its smallest and its largest form, and what becomes of it."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

from tests.operator_desired import pods
from tests.operator_desired.published_key import rsa_key

from authly_operator import desired, material
from authly_operator.api import authly_client, authly_server
from authly_operator.desired.plan import Plan
from authly_operator.observed import (
    AccountsProbe,
    DatabaseProbe,
    Identity,
    Manifest,
    SecretData,
    ServerObserved,
    ServerView,
)


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IDENTITY = Identity(name="main", namespace="auth", uid="uid-of-main", generation=3)
MINIMAL: dict[str, Any] = {"issuer": "https://auth.example.com", "database": {"managed": {}}}
FULL: dict[str, Any] = {
    "image": {
        "repository": "registry.example.com/auth",
        "tag": "1.2.3",
        "pullPolicy": "Always",
        "pullSecrets": [{"name": "registry"}],
    },
    "replicas": 3,
    "issuer": "https://auth.example.com/tenant",
    "database": {
        "managed": {
            "image": "registry.example.com/postgres:15.9",
            "storage": {"size": "20480Mi", "className": "fast"},
            "resources": {"requests": {"cpu": "0.5"}, "limits": {"memory": "1024Mi"}},
            "parameters": {"shared_buffers": "256MB", "log_line_prefix": "$(PGDATA) %m"},
            "extensions": ["pg_trgm", "citext"],
            "replicas": 2,
        },
        "pool": {"min": 2, "max": 20},
    },
    "redis": {"managed": {"maxMemory": "32Mi", "resources": {"limits": {"memory": "64Mi"}}}},
    "migrations": {"timeout": "1h30m", "backoffLimit": 0},
    "bootstrapAdmin": {"email": "root@example.com"},
    "tokens": {
        "accessTokenTTL": "90s",
        "refreshTokenTTL": "100h",
        "authorizationCodeTTL": "1m",
        "accessTokenFormat": "Opaque",
    },
    "signingKeys": {"algorithm": "EdDSA"},
    "oauth": {
        "requireConsent": False,
        "requirePkce": False,
        "requirePushedAuthorization": True,
        "deviceFlow": False,
        "defaultScopes": ["openid", "orders"],
        "clientIdMetadataDocuments": True,
        "dynamicRegistration": {
            "mode": "Token",
            "scopes": ["openid", "orders"],
            "audiences": ["https://api.example.com"],
            "limit": 10,
        },
    },
    "security": {
        "corsOrigins": ["https://app.example.com", "https://admin.example.com"],
        "allowedHosts": ["other.example.com"],
        "trustedProxies": ["10.0.0.0/8"],
        "adminNetworks": ["192.0.2.0/24", "2001:db8::7"],
        "rateLimit": {"requestsPerMinute": 200, "authRequestsPerMinute": 20, "burst": 0},
        "loginThrottle": {"enabled": False},
        "passwordPolicy": {"hashCost": 13, "minimumLength": 15},
    },
    "logging": {"level": "Debug", "format": "Console"},
    "service": {
        "type": "LoadBalancer",
        "port": 8080,
        "annotations": {"example.com/pool": "a"},
        "loadBalancerClass": "example.com/internal",
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
        "externalTrafficPolicy": "Local",
    },
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "host": "auth.example.com",
        "tls": {"issuerRef": {"name": "letsencrypt"}},
        "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "1m"},
        "exposeMetrics": True,
        "exposeAdmin": True,
    },
    "gateway": {
        "parentRefs": [
            {"name": "public", "namespace": "gateways", "sectionName": "https"},
            {"name": "public", "namespace": "gateways", "sectionName": "internal", "port": 8443},
        ],
        "hostnames": ["auth.example.com"],
    },
    "monitoring": {
        "serviceMonitor": {"enabled": True, "interval": "15s", "labels": {"release": "prometheus"}},
        "rules": {"enabled": True, "labels": {"release": "prometheus"}},
        "dashboard": {"enabled": True, "labels": {"team": "a"}},
    },
    "resources": {"requests": {"cpu": "1000m", "memory": "0.5Gi"}, "limits": {"cpu": 2}},
    "backup": {
        "schedule": "15 1 * * *",
        "timeZone": "Europe/Berlin",
        "suspend": True,
        "destination": {
            "s3": {
                "bucket": "backups",
                "prefix": "auth/",
                "endpoint": "http://minio.storage.svc:9000",
                "credentialsSecretRef": {"name": "bucket"},
            }
        },
        "encryption": {"keySecretRef": {"name": "backup-key", "key": "key"}},
        "retention": {"days": 7, "keepLast": 14},
        "verify": {"schedule": "0 6 * * 0"},
    },
    "maintenance": {"schedule": "0 4 * * *"},
    "autoscaling": {"min": 3, "max": 12, "cpu": 70, "memory": 80},
    "deletionPolicy": "Delete",
    **pods.FULL,
}
DUMPS: dict[str, Any] = {"destination": {"persistentVolumeClaim": {"claimName": "dumps"}}}
EXTERNAL: dict[str, Any] = {
    "issuer": "https://auth.example.com",
    "database": {"external": {"secretRef": {"name": "pg", "key": "url"}}},
    "signingKeys": {"algorithm": "HS256"},
    "backup": DUMPS,
    "networkPolicy": {
        "from": [{"namespaceSelector": {"matchLabels": {"team": "edge"}}, "podSelector": {}}],
        "metricsFrom": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
    },
    "disruptionBudget": {"enabled": False},
}
BY_FIELDS: dict[str, Any] = {
    "issuer": "https://auth.example.com",
    "database": {
        "external": {
            "host": "db.example.com",
            "port": 6432,
            "name": "shop",
            "sslMode": "VerifyCA",
            "caSecretRef": {"name": "trust"},
            "credentialsSecretRef": {"name": "owner"},
        },
        "dump": {"image": "registry.example.com/postgres:17", "sizeLimit": "4Gi"},
    },
    "redis": {"external": {"urlSecretRef": {"name": "counts", "key": "url"}}},
    "email": {
        "smtp": {
            "host": "smtp.example.com",
            "port": 2465,
            "security": "TLS",
            "username": "authly",
            "passwordSecretRef": {"name": "mail", "key": "password"},
        },
        "from": "accounts@example.com",
    },
    "signingKeys": {"algorithm": "HS256"},
    "backup": DUMPS,
}
CLUSTER: dict[str, Any] = {
    "issuer": "https://auth.example.com",
    "database": {
        "cloudNativePG": {
            "template": {"instances": 2, "storage": {"size": "20480Mi", "className": "fast"}}
        }
    },
    "signingKeys": {"algorithm": "HS256"},
}
SPECS = {
    "minimal": MINIMAL,
    "full": FULL,
    "external": EXTERNAL,
    "by-fields": BY_FIELDS,
    "cluster": CLUSTER,
}
_PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
ACCOUNTS = AccountsProbe(
    issuer="https://kubernetes.default.svc.cluster.local", keys='{"keys": [{"kid": "one"}]}'
)
SECRETS = {
    "pg": SecretData({"url": "postgresql://boss:hunter2@db.example.com:6432/shop"}),
    "counts": SecretData({"url": "rediss://:hunter2@redis.example.com:6380/1"}),
    "mail": SecretData({"password": "hunter2"}),
    "trust": SecretData({"ca.crt": _PEM}),
    "owner": SecretData({"username": "boss", "password": "hunter2"}),
    "main-database-app": SecretData(
        {"username": "authly", "password": "hunter2", "dbname": "authly"}
    ),
    "main-database-ca": SecretData({"ca.crt": _PEM}),
}


CLIENT_IDENTITY = Identity(name="shop", namespace="web", uid="uid-of-shop", generation=1)
PUBLIC: dict[str, Any] = {
    "type": "Public",
    "grantTypes": ["refresh_token", "authorization_code"],
    "redirectUris": ["https://shop.example.com/callback"],
}


def plan_of(
    spec: authly_server.Spec,
    seen: ServerObserved,
    drawn: bytes = bytes(64),
    now: datetime = NOW,
) -> Plan:
    """The plan with the material that is drawn for it."""
    made = material.draw(spec, seen, now, drawn, rsa_key)
    return Plan(spec=spec, seen=seen, material=made, now=now)


def job(name: str, condition: str | None = None, at: datetime = NOW) -> Manifest:
    """A migration Job as observed, with its final condition."""
    final = {"type": condition, "status": "True", "lastTransitionTime": at.isoformat()}
    labels = {"app.kubernetes.io/component": "migration"}
    return {
        "kind": "Job",
        "metadata": {"name": name, "labels": labels},
        "status": {"conditions": [final]} if condition else {},
    }


def with_children(plan: Plan, *children: Manifest) -> Plan:
    """The plan where these were seen too."""
    seen = {(one["kind"], one["metadata"]["name"]): one for one in children}
    observed = dataclasses.replace(plan.seen, children={**plan.seen.children, **seen})
    return dataclasses.replace(plan, seen=observed)


def migrated(plan: Plan) -> Plan:
    """The plan where the migration Job of this image succeeded."""
    return with_children(plan, job(plan.migration_job, "Complete"))


def everything(plan: Plan) -> list[Manifest]:
    """What is desired over time: before the migration, and after it."""
    ours = plan.spec.database.managed is not None
    before = with_database(plan) if ours else with_children(plan)
    found = [*desired.manifests(before), *desired.manifests(migrated(plan))]
    return list({(one["kind"], one["metadata"]["name"]): one for one in found}.values())


def with_database(plan: Plan) -> Plan:
    """The plan where the database of ours is ready, as a fresh one is."""
    fresh = next(one for one in desired.manifests(plan) if one["kind"] == "StatefulSet")
    return with_children(plan, {**fresh, "status": {"readyReplicas": 1, "updatedReplicas": 1}})


def plan(spec: dict[str, Any] | None = None, **seen: Any) -> Plan:
    """A plan for `main` in `auth`; the spec's fields in the words of the custom resource."""
    given = authly_server.Spec.model_validate(MINIMAL if spec is None else spec)
    theirs = {"database": DatabaseProbe(version="17.6"), "postgres_version": "17.6"}
    answered = theirs if given.database.managed is None else {}
    around = {"identity": IDENTITY, "secrets": SECRETS, "accounts": ACCOUNTS, **answered, **seen}
    return plan_of(given, ServerObserved(**around))


def client(**fields: Any) -> authly_client.Spec:
    """A confidential client of `main`."""
    given = {"serverRef": {"name": "main"}, "grantTypes": ["client_credentials"], **fields}
    return authly_client.Spec.model_validate(given)


def server_view(spec: dict[str, Any] | None = None) -> ServerView:
    """The AuthlyServer `main` as its clients see it."""
    given = authly_server.Spec.model_validate(spec or MINIMAL)
    return ServerView(identity=IDENTITY, spec=given, ready=True, database_ready=True)
