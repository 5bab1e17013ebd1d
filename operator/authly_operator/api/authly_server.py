"""AuthlyServer: an authorization server with its database."""

from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import (
    affinity as affinities,
    allowed_clients as allowance,
    autoscaling as autoscalings,
    backup as backups,
    client_counts,
    database as databases,
    database_status,
    deletion,
    environment,
    exposure,
    gateway as gateways,
    image as images,
    key_status,
    logs,
    mail,
    migration,
    monitoring as monitorings,
    network_policy as network,
    placement,
    pod_template as templates,
    policy,
    redis as redises,
    reference,
    upgrade as upgrades,
    value,
)


class BootstrapAdmin(value.Value):
    """The first user: an administrator, who has the password of the Secret."""

    email: Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] = (
        "admin@authly.local"
    )
    """Where the administrator is reached; ADMIN_EMAIL of secretRef goes before."""
    secret_ref: reference.SecretReference | None = None
    """A Secret with ADMIN_EMAIL and ADMIN_PASSWORD; a password is generated where omitted."""


class Switch(value.Value):
    """An object that can be left out."""

    enabled: bool = True
    """Whether the operator makes it."""


ISSUER = (
    "(has({0}.issuer) ? {0}.issuer : has({0}.ingress.host) ? 'https://' + {0}.ingress.host : '')"
)


class Spec(value.Value):
    """The server that is wanted."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "!has(self.version) || !(has(self.image.tag) || has(self.image.digest))",
                "version is the tag of the image: set one of version, image.tag and image.digest",
            ),
            value.rule(
                "self.deletionPolicy != 'BackupThenDelete' || has(self.backup)",
                "deletionPolicy BackupThenDelete needs a place for the last backup: set backup",
            ),
            value.rule(
                "!self.ingress.exposeAdmin || self.ingress.enabled",
                "ingress.exposeAdmin needs an Ingress: set ingress.enabled, or remove exposeAdmin",
            ),
            value.rule(
                "!self.ingress.exposeAdmin || size(self.security.adminNetworks) > 0",
                "ingress.exposeAdmin needs security.adminNetworks: name where administrators come"
                " from",
            ),
            value.rule(
                "!self.ingress.exposeAdmin || size(self.security.trustedProxies) > 0",
                "ingress.exposeAdmin needs security.trustedProxies: everybody would have the"
                " address of the ingress controller",
            ),
            value.rule(
                "has(self.issuer) || has(self.ingress.host)",
                "set issuer, or ingress.host to derive it from",
            ),
            value.rule(
                f"{ISSUER.format('self')} == {ISSUER.format('oldSelf')}",
                "the issuer is immutable, since every token names it: create another AuthlyServer",
            ),
            value.rule(
                "self.oauth.profile != 'FAPI2'"
                " || duration(self.tokens.authorizationCodeTTL) <= duration('60s')",
                "oauth.profile FAPI2 needs tokens.authorizationCodeTTL of at most 60s (FAPI 2.0"
                " section 5.3.2.1, 11)",
            ),
            value.rule(
                "self.oauth.profile != 'FAPI2' || self.oauth.requirePkce",
                "oauth.profile FAPI2 needs oauth.requirePkce (FAPI 2.0 section 5.3.2.2, 5)",
            ),
            value.rule(
                "self.oauth.profile != 'FAPI2' || self.signingKeys.algorithm in ['ES256', 'EdDSA']",
                "oauth.profile FAPI2 needs signingKeys.algorithm ES256 or EdDSA (FAPI 2.0 section"
                " 5.4.1)",
            ),
            value.rule(
                "!has(self.allowedClients.maxAccessTokenTTL)"
                " || duration(self.allowedClients.maxAccessTokenTTL) >="
                " duration(self.tokens.accessTokenTTL)",
                "allowedClients.maxAccessTokenTTL must be at least tokens.accessTokenTTL, which"
                " clients have that ask for none of their own",
            ),
        )
    )

    version: (
        Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] | None
    ) = None
    """Version of the server: the tag of its image. The operator's default where omitted."""
    image: images.Image = Field(default_factory=images.Image)
    """The server's image; the operator's default where omitted."""
    replicas: Annotated[int, Field(ge=0, le=100)] = 2
    """How many pods serve. With autoscaling only 0 counts, which stops all of them."""
    issuer: (
        Annotated[str, Field(max_length=512, pattern=r"^https://[^\s/?#@]+(/[^\s?#]*)?$")] | None
    ) = None
    """An https URL (RFC 8414), immutable; https://<ingress.host> where omitted."""
    database: databases.Database
    """Where the data is kept."""
    redis: redises.Redis | None = None
    """Where replicas count requests together; each counts for itself where omitted."""
    migrations: migration.Migrations = Field(default_factory=migration.Migrations)
    """The Job that brings the schema up to date before each roll-out."""
    bootstrap_admin: BootstrapAdmin = Field(default_factory=BootstrapAdmin)
    """The first user: an administrator, who has the password of the Secret."""
    tokens: policy.Tokens = Field(default_factory=policy.Tokens)
    """What the server issues, and how long it lives."""
    signing_keys: policy.SigningKeys = Field(default_factory=policy.SigningKeys)
    """How access tokens are signed."""
    oauth: policy.Oauth = Field(default_factory=policy.Oauth)
    """What the protocol demands."""
    security: policy.Security = Field(default_factory=policy.Security)
    """Who may talk to the server."""
    email: mail.Email | None = None
    """How people are written to; nobody is where omitted."""
    logging: logs.Logging = Field(default_factory=logs.Logging)
    """What the server logs."""
    service: exposure.Service = Field(default_factory=exposure.Service)
    """The Service in front of the replicas."""
    ingress: exposure.Ingress = Field(default_factory=exposure.Ingress)
    """The Ingress; off unless enabled."""
    gateway: gateways.Gateway | None = None
    """The HTTPRoute, where the cluster knows the Gateway API; none where omitted."""
    monitoring: monitorings.Monitoring = Field(default_factory=monitorings.Monitoring)
    """What Prometheus and Grafana are given, where the cluster knows their kinds."""
    resources: databases.Resources = Field(default_factory=databases.Resources)
    """Compute resources of each replica."""
    extra_env: environment.Variables = ()
    """Environment variables to add to the server's containers, those of its Jobs too."""
    pod_template: templates.PodTemplate = Field(default_factory=templates.PodTemplate)
    """What to add to the pods of the replicas."""
    node_selector: placement.NodeSelector = Field(default_factory=dict)
    """Labels that a node must have, for all pods: replicas, Jobs, a managed database and Redis."""
    tolerations: placement.Tolerations = ()
    """Taints of nodes that all pods tolerate."""
    priority_class_name: reference.ObjectName | None = None
    """The PriorityClass of all pods."""
    affinity: affinities.Affinity | None = None
    """Where replicas are scheduled; they prefer different nodes where omitted."""
    topology_spread: placement.TopologySpreads = ()
    """How evenly replicas are spread over zones or the like."""
    autoscaling: autoscalings.Autoscaling | None = None
    """The HorizontalPodAutoscaler; none where omitted."""
    disruption_budget: Switch = Field(default_factory=Switch)
    """The PodDisruptionBudget; made where there is more than 1 replica."""
    network_policy: network.NetworkPolicy = Field(default_factory=network.NetworkPolicy)
    """The NetworkPolicies of the replicas, the database, Redis and the Jobs."""
    allowed_clients: allowance.AllowedClients = Field(default_factory=allowance.AllowedClients)
    """Which AuthlyClients and AuthlyScopes may refer to the server, and what clients may have."""
    backup: backups.Backup | None = None
    """Dumps of the database at set times; none where omitted."""
    maintenance: backups.Maintenance = Field(default_factory=backups.Maintenance)
    """When expired tokens and codes are swept."""
    deletion_policy: deletion.DeletionPolicy = deletion.DeletionPolicy.RETAIN
    """Retain keeps the data's volume and the keys; Delete removes them too; BackupThenDelete does
    so after a last AuthlyBackup, which is restored to see that it can be. Where none can be made
    within an hour, the server goes and the data stays; a namespace that goes waits for nothing."""
    paused: bool = False
    """True stops the operator from changing anything of this server."""

    def least_replicas(self) -> int:
        """How many replicas serve at least; more may where the autoscaler wants more."""
        return self.autoscaling.min if self.autoscaling and self.replicas else self.replicas

    def effective_issuer(self) -> str:
        """The issuer that holds, without a trailing slash; derived from the ingress's host."""
        return (self.issuer or f"https://{self.ingress.host}").rstrip("/")


class Endpoints(value.Value):
    """Where the server is reached."""

    issuer: Annotated[str, Field(max_length=1024)] | None = None
    """The issuer that holds."""
    internal: Annotated[str, Field(max_length=1024)] | None = None
    """The Service's URL inside the cluster."""
    jwks: Annotated[str, Field(max_length=1024)] | None = None
    """Where the public keys are."""


class BackupStatus(value.Value):
    """The backups of spec.backup, as their CronJob tells of them."""

    last_schedule_time: reference.Moment | None = None
    """When the last backup was due and begun."""
    last_successful_time: reference.Moment | None = None
    """When the last backup that succeeded was through."""
    last_verified_time: reference.Moment | None = None
    """When what was the youngest backup then was restored successfully last: by
    spec.backup.verify, an AuthlyBackup with verify, or an AuthlyRestore."""
    next_time: reference.Moment | None = None
    """When the next backup is due, or was and has not begun; absent where none is, or its time zone
    is not known here."""


class Status(value.Value):
    """What the operator observed."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The metadata.generation this status judges."""
    phase: Annotated[str, Field(max_length=16)] | None = None
    """For people: Progressing, Ready, RollingOut, Degraded or Paused; programs read conditions."""
    conditions: reference.Conditions = ()
    """Ready, and what it is made of; BackupHealthy, and whatever never stops it."""
    image: Annotated[str, Field(max_length=1024)] | None = None
    """The image that is rolled out."""
    upgrade: upgrades.Upgrade | None = None
    """The change to another image; none once it is rolled out."""
    schema_revision: Annotated[int, Field(ge=0)] | None = None
    """The revision of the database's schema."""
    tokens_not_before: reference.Moment | None = None
    """When the database was restored last: tokens from between the backup and then are refused."""
    replicas: Annotated[int, Field(ge=0)] | None = None
    """How many pods there are."""
    ready_replicas: Annotated[int, Field(ge=0)] | None = None
    """How many pods are ready."""
    selector: Annotated[str, Field(max_length=1024)] | None = None
    """The label selector of the pods, for the scale subresource."""
    clients: client_counts.ClientCounts | None = None
    """The AuthlyClients that refer to the server, as counted within some ten seconds."""
    endpoints: Endpoints | None = None
    """Where the server is reached."""
    database: database_status.DatabaseStatus | None = None
    """What a managed database has."""
    backup: BackupStatus | None = None
    """The backups of spec.backup; none where it is not set or none was due yet."""
    signing_keys: Annotated[
        tuple[key_status.KeyStatus, ...],
        Field(
            max_length=128,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["kid"],
            },
        ),
    ] = ()
    """The keys of the ring, each with where it is in its life; first the one of access tokens."""


class AuthlyServer(value.Value):
    """An OAuth 2.1 authorization server with its database."""

    model_config = ConfigDict(
        title="AuthlyServer",
        json_schema_extra=value.rules(
            value.rule(
                "size(self.metadata.name) <= 40"
                " && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                "the name must be at most 40 lowercase letters, digits and '-', beginning with a"
                " letter: Services and Jobs are named after it",
            )
        ),
    )

    spec: Spec
    """The server that is wanted."""
    status: Status | None = None
    """What the operator observed."""
