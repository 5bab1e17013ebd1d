"""What is accepted, and what is immutable with the message that an edit is refused with."""

from collections.abc import Sequence
from typing import Any

from tests.operator_desired import pods


WELL: dict[str, dict[str, Any]] = {
    "AuthlyServer": {"issuer": "https://auth.example.com", "database": {"managed": {}}},
    "AuthlyScope": {"serverRef": {"name": "main"}, "name": "orders:read"},
    "AuthlyClient": {
        "serverRef": {"name": "main"},
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": ["https://app.example.com/callback"],
    },
    "AuthlyBackup": {"serverRef": {"name": "main"}},
    "AuthlyRestore": {
        "serverRef": {"name": "main"},
        "source": {"backupRef": {"name": "nightly"}},
        "acknowledgeDataLoss": True,
    },
}


def client(uri: str) -> dict[str, Any]:
    return {"redirectUris": [uri]}


def following(**source: Any) -> dict[str, Any]:
    return {"redirectUris": None, "redirectUrisFrom": [source]}


def signing(**keys: Any) -> dict[str, Any]:
    return {"auth": {"method": "PrivateKeyJwt", "privateKeyJwt": keys}}


def keyed(**keys: str) -> dict[str, Any]:
    return {"secretTemplate": {"keys": keys}}


def rotating(**fields: Any) -> dict[str, Any]:
    return {"rotation": fields}


KEYS = {"name": "own", "key": "key.pem"}
FROM = {"secretKeyRef": {"name": "a", "key": "b"}}


def variable(name: str, **fields: Any) -> dict[str, Any]:
    return {"extraEnv": [{"name": name, **fields}]}


def beside(container: dict[str, Any]) -> dict[str, Any]:
    return {"podTemplate": {"containers": [container]}}


def volume(name: str = "v", **source: Any) -> dict[str, Any]:
    return {"podTemplate": {"volumes": [{"name": name, **source}]}}


def external(**fields: Any) -> dict[str, Any]:
    return {"database": {"external": fields}}


def managed(**fields: Any) -> dict[str, Any]:
    return {"database": {"managed": fields}}


def cluster(**fields: Any) -> dict[str, Any]:
    return {"database": {"cloudNativePG": fields}}


def allowing(**fields: Any) -> dict[str, Any]:
    return {"allowedClients": fields}


def fapi(**fields: Any) -> dict[str, Any]:
    """A server of the FAPI 2.0 Security Profile, valid but for `fields`."""
    return {"oauth": {"profile": "FAPI2"}, "tokens": {"authorizationCodeTTL": "1m"}, **fields}


def registering(**fields: Any) -> dict[str, Any]:
    return {"oauth": {"dynamicRegistration": fields}}


def administered(
    networks: Sequence[str] = ("::1",), proxies: Sequence[str] = ("10.0.0.1",), **ingress: Any
) -> dict[str, Any]:
    """With an Ingress that publishes the administrators' API."""
    published = {"enabled": True, "host": "auth.example.com", "exposeAdmin": True, **ingress}
    security = {"adminNetworks": list(networks), "trustedProxies": list(proxies)}
    return {"ingress": published, "security": security}


def mailing(sender: str = "accounts@example.com", **smtp: Any) -> dict[str, Any]:
    return {"email": {"smtp": {"host": "smtp.example.com", **smtp}, "from": sender}}


OWNER = {"name": "owner"}
TRUST = {"name": "trust"}
URL = {"name": "db", "key": "URL"}
TOGETHER = {"database": {"managed": {}, "external": {"secretRef": URL}}}
DEVICE = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCEPTED = [
    ("AuthlyServer", fapi()),
    ("AuthlyServer", {}),
    ("AuthlyServer", {"issuer": None, "ingress": {"enabled": True, "host": "a.example.com"}}),
    ("AuthlyServer", {"database": {"external": {"secretRef": {"name": "db", "key": "URL"}}}}),
    ("AuthlyServer", external(host="db.example", credentialsSecretRef=OWNER, caSecretRef=TRUST)),
    ("AuthlyServer", external(host="::1", credentialsSecretRef=OWNER, sslMode="Disable")),
    ("AuthlyServer", external(secretRef=URL, caSecretRef=TRUST)),
    ("AuthlyServer", cluster(template={})),
    ("AuthlyServer", cluster(clusterRef={"name": "shared"})),
    (
        "AuthlyServer",
        managed(parameters={"shared_buffers": "1GB", "auto_explain.log_nested": "on"}),
    ),
    ("AuthlyServer", managed(extensions=["pg_trgm", "uuid-ossp"])),
    ("AuthlyServer", {"redis": {"managed": {}}}),
    ("AuthlyServer", mailing()),
    ("AuthlyServer", mailing(security="None", port=25)),
    ("AuthlyServer", mailing(username="authly", passwordSecretRef=URL)),
    ("AuthlyServer", {"security": {"trustedProxies": ["10.0.0.0/8", "fd00::/8", "192.0.2.1"]}}),
    ("AuthlyServer", {"security": {"adminNetworks": ["10.0.0.0/8", "fd00::/8", "192.0.2.1"]}}),
    ("AuthlyServer", administered()),
    ("AuthlyServer", {"security": {"corsOrigins": ["*", "https://[::1]:8443", "http://a.b:1"]}}),
    ("AuthlyServer", {"security": {"allowedHosts": ["Auth.example.com:8443"]}}),
    ("AuthlyServer", {"oauth": {"defaultScopes": ["openid", "orders:read", "https://a.b/c"]}}),
    ("AuthlyServer", registering(mode="Token", tokenSecretRef=URL)),
    ("AuthlyServer", registering(mode="Open", scopes=["openid"], limit=1)),
    ("AuthlyServer", {"redis": {"external": {"urlSecretRef": URL}}}),
    ("AuthlyServer", {"version": "0.2.0", "image": {"repository": "r.example/authly"}}),
    ("AuthlyServer", {"migrations": {"mode": "Manual"}}),
    ("AuthlyServer", {"networkPolicy": {"from": [{"namespaceSelector": {}}]}}),
    ("AuthlyServer", {"networkPolicy": {"metricsFrom": [{"ipBlock": {"cidr": "fd00::/8"}}]}}),
    ("AuthlyServer", {"resources": {"requests": {"cpu": 1, "memory": "256Mi"}}}),
    ("AuthlyServer", {"backup": {"destination": {"persistentVolumeClaim": {"claimName": "b"}}}}),
    ("AuthlyBackup", {"destination": {"persistentVolumeClaim": {"claimName": "b"}}}),
    ("AuthlyBackup", {"verify": True}),
    ("AuthlyBackup", {"job": "main-backup-1"}),
    ("AuthlyRestore", {"acknowledgeDataLoss": None, "mode": "Verify"}),
    ("AuthlyRestore", {"source": {"location": "s3://bucket/main/a.main-1.sql.gz"}}),
    ("AuthlyServer", pods.FULL),
    ("AuthlyServer", {"service": {"type": "NodePort", "externalTrafficPolicy": "Local"}}),
    ("AuthlyServer", {"image": {"digest": "sha256:" + "a" * 64}}),
    ("AuthlyServer", {"signingKeys": {"algorithm": "EdDSA", "rotationInterval": "720h"}}),
    ("AuthlyServer", {"signingKeys": {"source": "Existing", "secretRef": KEYS}}),
    (
        "AuthlyServer",
        allowing(
            scopes=["openid", "orders:read"],
            grantTypes=["client_credentials"],
            redirectHosts=["app.example.com", "*.example.com", "[::1]", "com.example.app:"],
            maxAccessTokenTTL="30m",
        ),
    ),
    ("AuthlyScope", {}),
    ("AuthlyClient", {}),
    ("AuthlyClient", {"type": "Public"}),
    ("AuthlyClient", {"grantTypes": ["client_credentials"], "redirectUris": None}),
    ("AuthlyClient", {"type": "Public", "grantTypes": DEVICE, "redirectUris": None}),
    ("AuthlyClient", {"grantTypes": ["client_credentials", EXCHANGE], "redirectUris": None}),
    ("AuthlyClient", rotating()),
    ("AuthlyClient", rotating(interval="720h", retireWhen="Unused")),
    ("AuthlyClient", rotating(interval="2m", overlap="0s")),
    ("AuthlyClient", {"auth": {"method": "ClientSecretPost"}} | rotating(overlap="8760h")),
    ("AuthlyClient", client("http://127.0.0.1:8080/callback")),
    ("AuthlyClient", client("http://[::1]/callback")),
    ("AuthlyClient", client("com.example.app:/callback")),
    ("AuthlyClient", keyed(clientId="ID", clientSecret="SECRET", tokenEndpoint="TOKEN_URL")),
    ("AuthlyClient", {"type": "Public", **keyed(clientId="ID")}),
    ("AuthlyClient", signing(generate=True)),
    ("AuthlyClient", signing(generate=True) | rotating(interval="720h", retireWhen="Unused")),
    ("AuthlyClient", following(ingressRef={"name": "web"}, path="/callback")),
    ("AuthlyClient", signing(generate=True) | keyed(privateKey="tls.key")),
]
IMMUTABLE = [
    ("AuthlyServer", {"issuer": "https://other.example.com"}, "the issuer is immutable"),
    ("AuthlyServer", managed(storage={"size": "9Gi"}), "storage.size may only grow"),
    ("AuthlyServer", managed(storage={"className": "fast"}), "className is immutable"),
    ("AuthlyServer", cluster(template={}), "not moved by editing"),
    ("AuthlyServer", external(secretRef=URL), "not moved by editing"),
    ("AuthlyScope", {"name": "other"}, "name is immutable"),
    ("AuthlyScope", {"serverRef": {"name": "other"}}, "serverRef is immutable"),
    ("AuthlyClient", {"clientId": "other"}, "clientId is immutable"),
    ("AuthlyClient", {"serverRef": {"name": "other"}}, "serverRef is immutable"),
    ("AuthlyBackup", {"serverRef": {"name": "other"}}, "create another one"),
    ("AuthlyBackup", {"verify": True}, "create another one"),
    ("AuthlyRestore", {"source": {"backupRef": {"name": "other"}}}, "create another one"),
    ("AuthlyRestore", {"mode": "Verify"}, "create another one"),
]
