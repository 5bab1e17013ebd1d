"""What is accepted, refused and immutable, and the message that it is refused with."""

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
    ("AuthlyServer", {"security": {"trustedProxies": ["10.0.0.0/8", "fd00::/8", "192.0.2.1"]}}),
    ("AuthlyServer", {"security": {"corsOrigins": ["*", "https://[::1]:8443", "http://a.b:1"]}}),
    ("AuthlyServer", {"security": {"allowedHosts": ["Auth.example.com:8443"]}}),
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
    ("AuthlyClient", following(ingressRef={"name": "web"}, path="/callback")),
    ("AuthlyClient", signing(generate=True) | keyed(privateKey="tls.key")),
]
REFUSED = [
    ("AuthlyServer", {"issuer": None}, "set issuer, or ingress.host"),
    ("AuthlyServer", {"issuer": "http://auth.example.com"}, "should match"),
    ("AuthlyServer", {"issuer": "https://auth.example.com?a=b"}, "should match"),
    ("AuthlyServer", {"database": {}}, "exactly one of database.managed"),
    ("AuthlyServer", TOGETHER, "exactly one of database.managed"),
    ("AuthlyServer", external(), "exactly one of external.secretRef"),
    ("AuthlyServer", external(secretRef=URL, host="db"), "exactly one of external.secretRef"),
    ("AuthlyServer", external(host="db", caSecretRef=TRUST), "needs credentialsSecretRef"),
    ("AuthlyServer", external(secretRef=URL, port=1), "remove the fields"),
    ("AuthlyServer", external(host="db", credentialsSecretRef=OWNER), "set external.caSecretRef"),
    (
        "AuthlyServer",
        external(host="db", credentialsSecretRef=OWNER, caSecretRef=TRUST, sslMode="Require"),
        "caSecretRef is for sslMode VerifyFull",
    ),
    ("AuthlyServer", external(host="a b", credentialsSecretRef=OWNER), "should match"),
    ("AuthlyServer", {"security": {"trustedProxies": ["10.0.0.1/8"]}}, "these are networks"),
    ("AuthlyServer", {"security": {"trustedProxies": ["proxy"]}}, "these are networks"),
    ("AuthlyServer", {"security": {"corsOrigins": ["https://a.b/"]}}, "should match"),
    ("AuthlyServer", {"security": {"allowedHosts": ["a b"]}}, "should match"),
    ("AuthlyServer", {"security": {"passwordPolicy": {"hashCost": 9}}}, "equal to 10"),
    ("AuthlyServer", registering(mode="Open", tokenSecretRef=URL), "set mode to Token"),
    ("AuthlyServer", registering(scopes=["a,b"]), "should match"),
    ("AuthlyServer", allowing(scopes=[]), "at least 1 items"),
    ("AuthlyServer", allowing(grantTypes=["password"]), "Unsupported value"),
    ("AuthlyServer", allowing(redirectHosts=["*"]), "should match"),
    ("AuthlyServer", allowing(redirectHosts=["a.*.example.com"]), "should match"),
    ("AuthlyServer", allowing(redirectHosts=["https://app.example.com"]), "should match"),
    ("AuthlyServer", allowing(maxAccessTokenTTL="48h"), "between 1s and 24h"),
    ("AuthlyServer", allowing(maxAccessTokenTTL="15m"), "at least tokens.accessTokenTTL"),
    ("AuthlyServer", {"email": {}}, "unknown field"),
    ("AuthlyServer", {"version": "1", "image": {"tag": "2"}}, "set one of version, image.tag"),
    ("AuthlyServer", {"migrations": {"mode": "Never"}}, "Unsupported value"),
    ("AuthlyServer", {"networkPolicy": {"from": [{}]}}, "a peer is either ipBlock"),
    (
        "AuthlyServer",
        {"networkPolicy": {"from": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]}},
        "ipBlock.cidr is a network",
    ),
    ("AuthlyServer", {"redis": {}}, "exactly one of redis.managed"),
    ("AuthlyServer", {"redis": {"managed": {"maxMemory": "64"}}}, "should match"),
    ("AuthlyServer", variable("REDIS_URL", value="redis://a"), "set the field of the spec"),
    ("AuthlyServer", cluster(), "exactly one of cloudNativePG.clusterRef"),
    ("AuthlyServer", managed(parameters={"listen_addresses": "*"}), "the operator decides where"),
    ("AuthlyServer", managed(parameters={"a b": "*"}), "as PostgreSQL names its settings"),
    ("AuthlyServer", managed(extensions=["a;b"]), "should match"),
    ("AuthlyServer", {"ingress": {"enabled": True}}, "an enabled ingress needs a host"),
    ("AuthlyServer", {"tokens": {"authorizationCodeTTL": "11m"}}, "between 1s and 10m"),
    ("AuthlyServer", {"tokens": {"accessTokenTTL": "7d"}}, "should match"),
    ("AuthlyServer", {"tokens": {"accessTokenFormat": "opaque"}}, "Unsupported value"),
    ("AuthlyServer", {"oauth": {"profile": "FAPI1"}}, "Unsupported value"),
    ("AuthlyServer", fapi(tokens={}), "authorizationCodeTTL of at most 60s"),
    ("AuthlyServer", fapi(signingKeys={"algorithm": "RS256"}), "algorithm ES256 or EdDSA"),
    ("AuthlyServer", fapi(oauth={"profile": "FAPI2", "requirePkce": False}), "requirePkce"),
    ("AuthlyServer", variable("OAUTH_PROFILE", value="fapi2"), "set the field of the spec"),
    ("AuthlyServer", variable("ACCESS_TOKEN_FORMAT", value="jwt"), "set the field of the spec"),
    ("AuthlyServer", {"signingKeys": {"source": "Existing"}}, "Existing needs secretRef"),
    ("AuthlyServer", {"signingKeys": {"secretRef": KEYS}}, "Generate takes none"),
    (
        "AuthlyServer",
        {"signingKeys": {"algorithm": "HS256", "source": "Existing", "secretRef": KEYS}},
        "HS256 has no keys to take over",
    ),
    (
        "AuthlyServer",
        {"signingKeys": {"rotationInterval": "720h", "source": "Existing", "secretRef": KEYS}},
        "remove rotationInterval",
    ),
    (
        "AuthlyServer",
        {"signingKeys": {"rotationInterval": "720h", "algorithm": "HS256"}},
        "HS256 has no keys to rotate",
    ),
    ("AuthlyServer", {"signingKeys": {"rotationInterval": "23h59m"}}, "at least 24h"),
    ("AuthlyServer", {"backup": {"destination": {}}}, "exactly one of destination."),
    ("AuthlyServer", {"deletionPolicy": "BackupThenDelete"}, "needs a place for the last backup"),
    ("AuthlyBackup", {"destination": {}}, "exactly one of destination."),
    ("AuthlyRestore", {"acknowledgeDataLoss": None}, "set acknowledgeDataLoss to true"),
    ("AuthlyRestore", {"source": {}}, "exactly one of source."),
    ("AuthlyRestore", {"source": {"location": "/backups/file"}}, "source.location"),
    ("AuthlyRestore", {"serverRef": {"name": "main", "namespace": "other"}}, "namespace"),
    ("AuthlyBackup", {"serverRef": {"name": "main", "namespace": "other"}}, "namespace"),
    ("AuthlyBackup", {"job": "main-backup-1", "verify": True}, "job records a run"),
    ("AuthlyServer", {"replicas": -1}, "greater than or equal to 0"),
    ("AuthlyServer", {"tokenz": {}}, "unknown field"),
    ("AuthlyServer", {"image": {"digest": "sha256:a"}}, "should match"),
    ("AuthlyServer", {"service": {"externalTrafficPolicy": "Local"}}, "NodePort and LoadBalancer"),
    ("AuthlyServer", {"service": {"loadBalancerClass": "a/b"}}, "set type to LoadBalancer"),
    ("AuthlyServer", {"autoscaling": {"min": 3, "max": 2, "cpu": 1}}, "not be greater than max"),
    ("AuthlyServer", {"autoscaling": {"max": 2}}, "set autoscaling.cpu or autoscaling.memory"),
    ("AuthlyServer", {"gateway": {"parentRefs": []}}, "at least 1"),
    ("AuthlyServer", {"gateway": {"parentRefs": [{"name": "a"}], "hostnames": ["A"]}}, "match"),
    ("AuthlyServer", {"monitoring": {"serviceMonitor": {"interval": "0s"}}}, "should match"),
    ("AuthlyServer", variable("LOG_LEVEL", value="debug"), "set the field of the spec"),
    ("AuthlyServer", variable("not-a-name", value="1"), "should match"),
    ("AuthlyServer", variable("A", value="1", valueFrom={}), "exactly one of valueFrom."),
    ("AuthlyServer", variable("A", value="1", valueFrom=FROM), "not both"),
    ("AuthlyServer", beside({"name": "x"}), "needs an image"),
    ("AuthlyServer", beside({"name": "serve", "image": "a"}), "are spec.image"),
    ("AuthlyServer", beside({"name": "serve", "args": ["x"]}), "command and args are"),
    (
        "AuthlyServer",
        beside({"name": "serve", "securityContext": {"privileged": True}}),
        "operator's own securityContext",
    ),
    ("AuthlyServer", volume(hostPath={"path": "/"}), "unknown field"),
    ("AuthlyServer", volume(), "exactly one of configMap"),
    ("AuthlyServer", volume(emptyDir={}, secret={"secretName": "a"}), "exactly one of configMap"),
    ("AuthlyServer", volume(name="keys", emptyDir={}), "choose another name"),
    (
        "AuthlyServer",
        {"podTemplate": {"labels": {"app.kubernetes.io/name": "x"}}},
        "choose other keys",
    ),
    (
        "AuthlyServer",
        {"podTemplate": {"annotations": {"authly.dev/config-hash": "x"}}},
        "annotate the AuthlyServer",
    ),
    ("AuthlyServer", {"tolerations": [{"effect": "NoSchedule"}]}, "say so by operator Exists"),
    ("AuthlyServer", {"topologySpread": [{"topologyKey": "a", "minDomains": 2}]}, "minDomains is"),
    (
        "AuthlyServer",
        {"affinity": {"podAffinity": {"required": []}}},
        "unknown field",
    ),
    ("AuthlyScope", {"name": 'a"b'}, "should match"),
    ("AuthlyScope", {"name": "two words"}, "should match"),
    ("AuthlyClient", rotating(interval="24h"), "interval must be longer than overlap"),
    ("AuthlyClient", rotating(interval="59s", overlap="0s"), "between 1m and 87600h"),
    ("AuthlyClient", rotating(overlap="8761h"), "at most 8760h"),
    ("AuthlyClient", rotating(retireWhen="Never"), "Unsupported value"),
    ("AuthlyClient", {"type": "Public"} | rotating(), "only a client secret is rotated"),
    (
        "AuthlyClient",
        {"auth": {"method": "PrivateKeyJwt", "privateKeyJwt": {"jwks": "{}"}}} | rotating(),
        "only a client secret is rotated",
    ),
    (
        "AuthlyClient",
        {"auth": {"secret": {"source": "Existing", "ref": KEYS}}} | rotating(interval="720h"),
        "remove rotation.interval",
    ),
    ("AuthlyClient", client("https://*.example.com/"), "must not contain a wildcard"),
    ("AuthlyClient", client("https://a.example.com/#f"), "must not have a fragment"),
    ("AuthlyClient", client("http://a.example.com/"), "a redirect URI must be https://"),
    ("AuthlyClient", client("https://u:p@a.example.com/"), "without user or password"),
    ("AuthlyClient", client("https://a.example.com/a b"), "ASCII without spaces"),
    ("AuthlyClient", client("javascript:alert(1)"), "a redirect URI must be https://"),
    ("AuthlyClient", {"redirectUris": []}, "redirectUris belong together"),
    ("AuthlyClient", {"grantTypes": ["client_credentials"]}, "redirectUris belong together"),
    ("AuthlyClient", {"grantTypes": ["implicit"]}, "Unsupported value"),
    (
        "AuthlyClient",
        {"grantTypes": ["refresh_token"], "redirectUris": []},
        "add authorization_code",
    ),
    (
        "AuthlyClient",
        {"type": "Public", "grantTypes": ["client_credentials"], "redirectUris": []},
        "set type to Confidential",
    ),
    (
        "AuthlyClient",
        {"type": "Public", "grantTypes": [EXCHANGE], "redirectUris": []},
        "set type to Confidential",
    ),
    ("AuthlyClient", {"type": "Public", "requirePkce": False}, "Confidential clients only"),
    (
        "AuthlyClient",
        {"type": "Public", "auth": {"method": "ClientSecretBasic"}},
        "cannot keep a secret",
    ),
    ("AuthlyClient", {"type": "Public", "auth": {"secret": {}}}, "remove auth.secret"),
    ("AuthlyClient", {"auth": {"method": "None"}}, "must authenticate"),
    ("AuthlyClient", {"auth": {"secret": {"source": "Existing"}}}, "Existing needs ref"),
    ("AuthlyClient", following(path="/callback"), "set ingressRef or httpRouteRef"),
    ("AuthlyClient", following(ingressRef={"name": "web"}, path="callback"), "should match"),
    ("AuthlyClient", following(ingressRef={"name": "web"}, path="/*"), "should match"),
    ("AuthlyClient", signing(), "set one of jwks, jwksUri and generate"),
    (
        "AuthlyClient",
        signing(generate=True, jwksUri="https://a.example/jwks"),
        "set one of jwks, jwksUri and generate",
    ),
    ("AuthlyClient", signing(generate=True) | keyed(clientId="ID"), "keys.privateKey"),
    ("AuthlyClient", keyed(clientId="ID"), "set secretTemplate.keys.clientSecret"),
    ("AuthlyClient", keyed(clientId="X", clientSecret="X"), "give each its own key"),
    ("AuthlyClient", keyed(clientSecret="not a key"), "should match"),
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
