"""Every field of an AuthlyServer, what it is changed to, and where that is seen.

What a field does beyond the objects, or cannot be changed to, is proven by the tests that ELSEWHERE
names.
"""

from collections.abc import Mapping

from tests.operator_desired.effect import (
    ADMINISTERED,
    BACKUP,
    BALANCED,
    BUDGET,
    CONFIG,
    DASHBOARD,
    DATABASE,
    DYNAMIC,
    IN_BUCKET,
    IN_DATABASE,
    IN_REDIS,
    INGRESS,
    INGRESS_ON,
    MAINTENANCE,
    MANAGED,
    MIGRATION,
    MONITOR,
    MONITOR_ON,
    ON_CLAIM,
    POD,
    POLICY,
    REDIS,
    ROUTE,
    RULES,
    RULES_ON,
    RUN,
    RUN_POD,
    SCALED,
    SCALER,
    SERVE,
    SERVER,
    SERVICE,
    UTILIZATION,
    VERIFY,
    Effect,
    absent,
    beginning,
    bucket,
    ending,
    holding,
    present,
    setting,
)


EFFECTS: Mapping[str, Effect] = {
    "version": Effect("9.9", SERVER, f"{SERVE} image", ending(":9.9")),
    "image.repository": Effect(
        "example.com/a", SERVER, f"{SERVE} image", beginning("example.com/a:")
    ),
    "image.tag": Effect("9.8", SERVER, f"{SERVE} image", ending(":9.8")),
    "image.digest": Effect(f"sha256:{'0' * 64}", SERVER, f"{SERVE} image", ending("0" * 64)),
    "image.pullPolicy": Effect("Always", SERVER, f"{SERVE} imagePullPolicy"),
    "image.pullSecrets": Effect([{"name": "pull"}], SERVER, f"{POD} imagePullSecrets"),
    "replicas": Effect(3, SERVER, "spec replicas"),
    "resources.requests": Effect({"cpu": "77m"}, SERVER, f"{SERVE} resources requests cpu", "77m"),
    "resources.limits": Effect({"cpu": "777m"}, SERVER, f"{SERVE} resources limits cpu", "777m"),
    "nodeSelector": Effect({"disk": "fast"}, SERVER, f"{POD} nodeSelector"),
    "priorityClassName": Effect("system-cluster-critical", SERVER, f"{POD} priorityClassName"),
    "disruptionBudget.enabled": Effect(False, BUDGET, "spec", absent),
    "autoscaling.min": Effect(3, SCALER, "spec minReplicas", given=SCALED),
    "autoscaling.max": Effect(8, SCALER, "spec maxReplicas", given=SCALED),
    "autoscaling.cpu": Effect(70, SCALER, f"spec metrics 0 {UTILIZATION}", given=SCALED),
    "autoscaling.memory": Effect(80, SCALER, f"spec metrics 1 {UTILIZATION}", given=SCALED),
    "database.managed.image": Effect("example.com/pg:15", DATABASE, f"{IN_DATABASE} image"),
    "database.managed.replicas": Effect(1, "StatefulSet/main-standby", "spec replicas"),
    "database.managed.resources.requests": Effect(
        {"cpu": "77m"}, DATABASE, f"{IN_DATABASE} resources requests cpu", "77m"
    ),
    "database.managed.resources.limits": Effect(
        {"cpu": "777m"}, DATABASE, f"{IN_DATABASE} resources limits cpu", "777m"
    ),
    "database.managed.parameters": Effect(
        {"work_mem": "7MB"}, DATABASE, f"{IN_DATABASE} args", holding("work_mem=7MB")
    ),
    "database.managed.extensions": Effect(
        ["citext"], MIGRATION, f"{POD} containers migrate env DATABASE_EXTENSIONS value", "citext"
    ),
    "database.pool.min": setting(2, "DATABASE_POOL_MIN", "2"),
    "database.pool.max": setting(20, "DATABASE_POOL_MAX", "20"),
    "database.dump.image": Effect(
        "example.com/pg:15", BACKUP, f"{RUN_POD} initContainers dump image", given=ON_CLAIM
    ),
    "database.dump.sizeLimit": Effect(
        "7Gi", BACKUP, f"{RUN_POD} volumes dumps emptyDir sizeLimit", given=ON_CLAIM
    ),
    "redis.managed.image": Effect("example.com/redis:7", REDIS, f"{IN_REDIS} image", given=MANAGED),
    "redis.managed.resources.requests": Effect(
        {"cpu": "77m"}, REDIS, f"{IN_REDIS} resources requests cpu", "77m", MANAGED
    ),
    "redis.managed.resources.limits": Effect(
        {"memory": "77Mi"}, REDIS, f"{IN_REDIS} resources limits memory", "77Mi", MANAGED
    ),
    "redis.managed.maxMemory": Effect(
        "32Mi",
        REDIS,
        f"{IN_REDIS} command 2",
        lambda found: "maxmemory 33554432\n" in str(found),
        MANAGED,
    ),
    "migrations.timeout": Effect(
        "7m", MIGRATION, "spec activeDeadlineSeconds", 420, {"version": "0.0.1"}
    ),
    "migrations.backoffLimit": Effect(
        5, MIGRATION, "spec backoffLimit", given={"version": "0.0.2"}
    ),
    "tokens.accessTokenTTL": setting("90s", "ACCESS_TOKEN_EXPIRE_MINUTES", "1.5"),
    "tokens.refreshTokenTTL": setting("48h", "REFRESH_TOKEN_EXPIRE_DAYS", "2"),
    "tokens.authorizationCodeTTL": setting("30s", "AUTHORIZATION_CODE_EXPIRE_MINUTES", "0.5"),
    "tokens.accessTokenFormat": setting("Opaque", "ACCESS_TOKEN_FORMAT", "opaque"),
    "signingKeys.algorithm": setting("EdDSA", "JWT_ALGORITHM", "EdDSA"),
    "oauth.profile": setting(
        "FAPI2", "OAUTH_PROFILE", "fapi2", tokens={"authorizationCodeTTL": "60s"}
    ),
    "oauth.requireConsent": setting(False, "REQUIRE_USER_CONSENT", "false"),
    "oauth.requirePkce": setting(False, "PKCE_REQUIRED", "false"),
    "oauth.requirePushedAuthorization": setting(True, "PUSHED_AUTHORIZATION_REQUIRED", "true"),
    "oauth.defaultScopes": setting(["openid", "orders"], "DEFAULT_SCOPES", "openid,orders"),
    "oauth.deviceFlow": setting(False, "DEVICE_FLOW_ENABLED", "false"),
    "oauth.clientIdMetadataDocuments": setting(True, "CLIENT_ID_METADATA_DOCUMENTS", "true"),
    "oauth.dynamicRegistration.mode": setting("Open", "DYNAMIC_REGISTRATION", "open"),
    "oauth.dynamicRegistration.scopes": setting(
        ["orders"], "DYNAMIC_CLIENT_SCOPES", "orders", **DYNAMIC
    ),
    "oauth.dynamicRegistration.audiences": setting(
        ["https://api.example.com"],
        "DYNAMIC_CLIENT_AUDIENCES",
        "https://api.example.com",
        **DYNAMIC,
    ),
    "oauth.dynamicRegistration.limit": setting(7, "DYNAMIC_CLIENT_LIMIT", "7", **DYNAMIC),
    "security.corsOrigins": setting(
        ["https://a.example.com"], "CORS_ORIGINS", "https://a.example.com"
    ),
    "security.allowedHosts": Effect(
        ["b.example.com"], CONFIG, "data ALLOWED_HOSTS", ending(",b.example.com")
    ),
    "security.trustedProxies": setting(["10.0.0.0/8"], "TRUSTED_PROXIES", "10.0.0.0/8"),
    "security.adminNetworks": setting(["10.0.0.0/8", "::1"], "ADMIN_NETWORKS", "10.0.0.0/8,::1"),
    "security.rateLimit.enabled": setting(False, "RATE_LIMIT_ENABLED", "false"),
    "security.rateLimit.requestsPerMinute": setting(7, "RATE_LIMIT_REQUESTS_PER_MINUTE", "7"),
    "security.rateLimit.authRequestsPerMinute": setting(
        8, "AUTH_RATE_LIMIT_REQUESTS_PER_MINUTE", "8"
    ),
    "security.rateLimit.burst": setting(9, "AUTH_RATE_LIMIT_BURST", "9"),
    "security.loginThrottle.enabled": setting(False, "LOGIN_THROTTLE_ENABLED", "false"),
    "security.passwordPolicy.hashCost": setting(13, "PASSWORD_HASH_COST", "13"),
    "security.passwordPolicy.minimumLength": setting(20, "PASSWORD_MINIMUM_LENGTH", "20"),
    "logging.level": setting("Debug", "LOG_LEVEL", "debug"),
    "logging.format": setting("Console", "LOG_FORMAT", "console"),
    "service.type": Effect("LoadBalancer", SERVICE, "spec type"),
    "service.port": Effect(8080, SERVICE, "spec ports 0 port"),
    "service.annotations": Effect({"a": "b"}, SERVICE, "metadata annotations a", "b"),
    "service.loadBalancerClass": Effect(
        "example.com/a", SERVICE, "spec loadBalancerClass", given=BALANCED
    ),
    "service.loadBalancerSourceRanges": Effect(
        ["10.0.0.0/8"], SERVICE, "spec loadBalancerSourceRanges", given=BALANCED
    ),
    "service.externalTrafficPolicy": Effect(
        "Local", SERVICE, "spec externalTrafficPolicy", given=BALANCED
    ),
    "ingress.enabled": Effect(
        True, INGRESS, "spec", present, {"ingress": {"host": "login.example.com"}}
    ),
    "ingress.className": Effect("nginx", INGRESS, "spec ingressClassName", given=INGRESS_ON),
    "ingress.host": Effect("sso.example.com", INGRESS, "spec rules 0 host", given=INGRESS_ON),
    "ingress.tls.secretName": Effect("mine", INGRESS, "spec tls 0 secretName", given=INGRESS_ON),
    "ingress.tls.issuerRef": Effect(
        {"name": "ca", "kind": "Issuer"},
        INGRESS,
        "metadata annotations cert-manager.io/issuer",
        "ca",
        INGRESS_ON,
    ),
    "ingress.annotations": Effect({"a": "b"}, INGRESS, "metadata annotations a", "b", INGRESS_ON),
    "ingress.exposeMetrics": Effect(
        True,
        INGRESS,
        "spec rules 0 http paths",
        lambda found: any(one["path"] == "/metrics" for one in found),
        INGRESS_ON,
    ),
    "ingress.exposeAdmin": Effect(
        True,
        INGRESS,
        "spec rules 0 http paths",
        lambda found: any(one["path"] == "/admin/v1" for one in found),
        {**INGRESS_ON, **ADMINISTERED},
    ),
    "gateway.hostnames": Effect(
        ["login.example.com"],
        ROUTE,
        "spec hostnames",
        given={"gateway": {"parentRefs": [{"name": "public"}]}},
    ),
    "monitoring.serviceMonitor.enabled": Effect(True, MONITOR, "spec", present),
    "monitoring.serviceMonitor.interval": Effect(
        "7s", MONITOR, "spec endpoints 0 interval", given=MONITOR_ON
    ),
    "monitoring.serviceMonitor.labels": Effect(
        {"a": "b"}, MONITOR, "metadata labels a", "b", MONITOR_ON
    ),
    "monitoring.rules.enabled": Effect(True, RULES, "spec", present),
    "monitoring.rules.labels": Effect(
        {"a": "b"}, RULES, "metadata labels a", "b", {"monitoring": {"rules": {"enabled": True}}}
    ),
    "monitoring.rules.runbook": Effect(
        "https://runbook.example.com/",
        RULES,
        "spec groups 0 rules 0 annotations runbook_url",
        beginning("https://runbook.example.com/"),
        RULES_ON,
    ),
    "monitoring.dashboard.enabled": Effect(True, DASHBOARD, "data", present),
    "monitoring.dashboard.labels": Effect(
        {"a": "b"},
        DASHBOARD,
        "metadata labels a",
        "b",
        {"monitoring": {"dashboard": {"enabled": True}}},
    ),
    "extraEnv": Effect(
        [{"name": "CACHE_TTL", "value": "7"}], SERVER, f"{SERVE} env CACHE_TTL value", "7"
    ),
    "extraEnv[].valueFrom.secretKeyRef": Effect(
        {"name": "a", "key": "b"}, SERVER, f"{SERVE} env CACHE_TTL valueFrom secretKeyRef"
    ),
    "extraEnv[].valueFrom.configMapKeyRef": Effect(
        {"name": "a", "key": "b"}, SERVER, f"{SERVE} env CACHE_TTL valueFrom configMapKeyRef"
    ),
    "networkPolicy.enabled": Effect(False, POLICY, "spec", absent),
    "backup.schedule": Effect("7 7 * * *", BACKUP, "spec schedule", given=ON_CLAIM),
    "backup.timeZone": Effect("Europe/Berlin", BACKUP, "spec timeZone", given=ON_CLAIM),
    "backup.suspend": Effect(True, BACKUP, "spec suspend", given=ON_CLAIM),
    "backup.destination.persistentVolumeClaim.claimName": Effect(
        "others",
        BACKUP,
        "spec jobTemplate spec template spec volumes backups persistentVolumeClaim claimName",
        given=ON_CLAIM,
    ),
    "backup.destination.s3.bucket": bucket("others", "BACKUP_S3_BUCKET"),
    "backup.destination.s3.prefix": bucket("nightly/", "BACKUP_S3_PREFIX"),
    "backup.destination.s3.endpoint": bucket("https://s3.example.com", "BACKUP_S3_ENDPOINT"),
    "backup.destination.s3.region": bucket("eu-central-1", "BACKUP_S3_REGION"),
    "backup.destination.s3.storageClass": bucket("STANDARD", "BACKUP_S3_STORAGE_CLASS"),
    "backup.destination.s3.credentialsSecretRef": Effect(
        {"name": "others"},
        BACKUP,
        f"{RUN} AWS_ACCESS_KEY_ID valueFrom secretKeyRef name",
        "others",
        IN_BUCKET,
    ),
    "backup.encryption.keySecretRef": Effect(
        {"name": "a", "key": "b"},
        BACKUP,
        f"{RUN} BACKUP_ENCRYPTION_KEY valueFrom secretKeyRef",
        given=ON_CLAIM,
    ),
    "backup.retention.days": Effect(7, BACKUP, f"{RUN} BACKUP_RETENTION_DAYS value", "7", ON_CLAIM),
    "backup.retention.keepLast": Effect(9, BACKUP, f"{RUN} BACKUP_KEEP_LAST value", "9", ON_CLAIM),
    "backup.verify.schedule": Effect("8 8 * * 0", VERIFY, "spec schedule", given=ON_CLAIM),
    "maintenance.schedule": Effect("9 9 * * *", MAINTENANCE, "spec schedule"),
    "deletionPolicy": Effect(
        "Delete", "Secret/main-credentials", "metadata ownerReferences 0 name", "main"
    ),
}
