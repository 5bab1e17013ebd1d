"""What is added to the replicas' pods: a patch that cannot take their confinement away."""

from typing import Annotated, Final

from pydantic import ConfigDict, Field

from authly_operator.api import affinity, exposure, reference, value


SERVE: Final = "serve"
"""The name of the server's own container."""
Name = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
Words = Annotated[tuple[Annotated[str, Field(max_length=4096)], ...], Field(max_length=64)]
Image = Annotated[str, Field(min_length=1, max_length=512)]


class Free(value.Value):
    """Fields that Kubernetes judges when the Deployment is written, not before."""

    model_config = ConfigDict(extra="allow")


class Container(Free):
    """A container of core/v1; those fields that the operator answers for are not taken."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "!has(self.securityContext)",
                "every container runs under the operator's own securityContext: remove it",
            ),
            value.rule(
                "self.name == 'serve' || has(self.image)",
                "a container beside serve needs an image",
            ),
            value.rule(
                "self.name != 'serve' || !(has(self.image) || has(self.command) || has(self.args)"
                " || has(self.env) || has(self.envFrom) || has(self.resources))",
                "image, resources and environment of serve are spec.image, spec.resources and"
                " spec.extraEnv; command and args are the operator's",
            ),
        )
    )

    name: Name
    """Its name: serve is the server's own, any other one stands beside it."""
    image: Image | None = None
    """The image of a container beside the server's."""
    command: Words | None = None
    """The command of a container beside the server's."""
    args: Words | None = None
    """The arguments of a container beside the server's."""
    env: Annotated[tuple[Free, ...], Field(max_length=64)] | None = None
    """The environment of a container beside the server's."""
    env_from: Annotated[tuple[Free, ...], Field(max_length=16)] | None = None
    """Where the environment of a container beside the server's comes from."""
    resources: Free | None = None
    """Compute resources of a container beside the server's."""
    security_context: Free | None = None
    """Not taken: every container runs under the operator's own."""


class Volume(value.Value):
    """A volume that holds nothing of its node: exactly one of the sources."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "[has(self.configMap), has(self.secret), has(self.emptyDir), has(self.projected),"
                " has(self.persistentVolumeClaim), has(self.csi)].exists_one(one, one)",
                "a volume needs exactly one of configMap, secret, emptyDir, projected,"
                " persistentVolumeClaim and csi",
            ),
            value.rule(
                "!(self.name in ['tmp', 'keys', 'account-keys', 'database-ca'])",
                "volumes tmp, keys, account-keys and database-ca are the operator's: choose another"
                " name",
            ),
        )
    )

    name: Name
    """Its name, which volumeMounts of containers refer to."""
    config_map: Free | None = None
    """A ConfigMap, as in core/v1."""
    secret: Free | None = None
    """A Secret, as in core/v1."""
    empty_dir: Free | None = None
    """A directory that goes with the pod, as in core/v1."""
    projected: Free | None = None
    """Several sources in one directory, as in core/v1."""
    persistent_volume_claim: Free | None = None
    """A volume claim, as in core/v1."""
    csi: Free | None = None
    """An ephemeral volume of a CSI driver, as in core/v1."""


OUR_LABELS: Final = value.rules(
    value.rule(
        "self.all(key, !key.startsWith('app.kubernetes.io/'))",
        "labels app.kubernetes.io/* are the operator's: choose other keys",
    )
)
OUR_ANNOTATIONS: Final = value.rules(
    value.rule(
        "self.all(key, !key.startsWith('authly.dev/'))",
        "annotations authly.dev/* are the operator's; to restart pods, annotate the AuthlyServer"
        " with authly.dev/restart-at",
    )
)


class PodTemplate(value.Value):
    """What is merged into the pods of the replicas, as a strategic merge patch would be.

    Objects are merged by field, containers and volumes by name, volumeMounts by mountPath, ports by
    containerPort; any other list replaces the operator's, and null takes a field away.
    """

    labels: Annotated[affinity.Labels, Field(json_schema_extra=OUR_LABELS)] = Field(
        default_factory=dict
    )
    """Labels to add to the pods."""
    annotations: Annotated[exposure.Annotations, Field(json_schema_extra=OUR_ANNOTATIONS)] = Field(
        default_factory=dict
    )
    """Annotations to add to the pods."""
    containers: Annotated[
        tuple[Container, ...], Field(max_length=8, json_schema_extra=reference.NAMED)
    ] = ()
    """Fields to add to the container serve, and containers to stand beside it."""
    init_containers: Annotated[
        tuple[Container, ...],
        Field(
            max_length=8,
            json_schema_extra={
                **reference.NAMED,
                **value.rules(
                    value.rule(
                        "self.all(each, each.name != 'serve')",
                        "serve is no init container: name it otherwise",
                    )
                ),
            },
        ),
    ] = ()
    """Containers that run before; with restartPolicy Always, also beside."""
    volumes: Annotated[
        tuple[Volume, ...], Field(max_length=16, json_schema_extra=reference.NAMED)
    ] = ()
    """Volumes to add."""
