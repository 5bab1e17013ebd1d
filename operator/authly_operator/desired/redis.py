"""A small Redis in which replicas count together: Deployment and Service, nothing on disk.

It is no part of what a server needs: without it, each process counts for itself.
"""

from typing import Final

from authly_operator import naming
from authly_operator.api import redis
from authly_operator.desired import environment, fingerprint, metadata, pod, quantity, resources
from authly_operator.desired.plan import Plan
from authly_operator.material import redis_url
from authly_operator.observed import Manifest


REQUESTS: Final = {"cpu": "20m", "memory": "96Mi"}
USER: Final = 999
"""User and group `redis` of the image."""
_COMPONENT: Final = naming.Component.REDIS
SCRIPT: Final = """\
exec redis-server - <<CONFIGURATION
port {port}
bind * -::*
save ""
appendonly no
dir /tmp
maxmemory {memory}
maxmemory-policy allkeys-lru
requirepass $REDIS_PASSWORD
CONFIGURATION
"""
"""The configuration comes by standard input, since arguments can be read by every process."""
IS_READY: Final = 'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli -p {port} ping | grep -q PONG'


def build(plan: Plan) -> Manifest:
    """The Deployment of spec.redis.managed; never two pods at once, which would count apart."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata.build(plan, naming.redis(plan.name), _COMPONENT),
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": naming.selector(plan.name, _COMPONENT)},
            "strategy": {"type": "Recreate"},
            "template": pod.template(
                plan,
                _COMPONENT,
                _container(plan),
                annotations={naming.PASSWORD_HASH_ANNOTATION: _password_hash(plan)},
                user=USER,
            ),
        },
    }


def service(plan: Plan) -> Manifest:
    """The Service that REDIS_URL names."""
    port = {
        "name": "redis",
        "port": redis_url.PORT,
        "protocol": "TCP",
        "targetPort": redis_url.PORT,
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata.build(plan, naming.redis(plan.name), _COMPONENT),
        "spec": {
            "type": "ClusterIP",
            "selector": naming.selector(plan.name, _COMPONENT),
            "ports": [port],
        },
    }


def is_wanted(plan: Plan) -> bool:
    """Whether the operator runs Redis."""
    return plan.spec.redis is not None and plan.spec.redis.managed is not None


def _managed(plan: Plan) -> redis.ManagedRedis:
    return (plan.spec.redis and plan.spec.redis.managed) or redis.ManagedRedis()


def _password_hash(plan: Plan) -> str:
    """A password that was lost and drawn again is another pod's."""
    password = plan.material.credentials[redis_url.PASSWORD]
    return fingerprint.of(plan.seen.identity.uid, password)


def _container(plan: Plan) -> pod.Part:
    wanted = _managed(plan)
    script = SCRIPT.format(port=redis_url.PORT, memory=quantity.whole(wanted.max_memory))
    return pod.container(
        "redis",
        wanted.image or plan.seen.settings.redis_image,
        command=["sh", "-c", script],
        env=environment.of_credentials(plan, {"REDIS_PASSWORD": redis_url.PASSWORD}),
        resources=resources.build(wanted.resources, REQUESTS),
        ports=[{"name": "redis", "containerPort": redis_url.PORT, "protocol": "TCP"}],
        livenessProbe=_probe(failures=6),
        readinessProbe=_probe(failures=2),
    )


def _probe(*, failures: int) -> pod.Part:
    script = IS_READY.format(port=redis_url.PORT)
    return {
        "exec": {"command": ["sh", "-c", script]},
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }
