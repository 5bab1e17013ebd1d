"""What a field of an AuthlyServer makes of an object, and the objects that most of them are about.

A path leads into an object: members of lists are found by their name or their number.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


Object = dict[str, Any]
CONFIG, SERVER = "ConfigMap/main-config", "Deployment/main"
SERVICE, INGRESS, ROUTE = "Service/main", "Ingress/main", "HTTPRoute/main"
DATABASE, REDIS = "StatefulSet/main-database", "Deployment/main-redis"
MIGRATION, BACKUP, VERIFY = "Job/main-migrate-", "CronJob/main-backup", "CronJob/main-verify"
MAINTENANCE, SCALER = "CronJob/main-maintenance", "HorizontalPodAutoscaler/main"
MONITOR, RULES, DASHBOARD = "ServiceMonitor/main", "PrometheusRule/main", "ConfigMap/main-dashboard"
POLICY, BUDGET = "NetworkPolicy/main", "PodDisruptionBudget/main"
POD = "spec template spec"
SERVE = f"{POD} containers serve"
RUN_POD = "spec jobTemplate spec template spec"
RUN = f"{RUN_POD} containers backup env"
INGRESS_ON: Object = {"ingress": {"enabled": True, "host": "login.example.com"}}
CLAIM: Object = {"persistentVolumeClaim": {"claimName": "dumps"}}
BUCKET: Object = {"bucket": "dumps", "credentialsSecretRef": {"name": "keys"}}
IN_BUCKET: Object = {"backup": {"destination": {"s3": BUCKET}}}
UTILIZATION = "resource target averageUtilization"
RULES_ON: Object = {"monitoring": {"rules": {"enabled": True}}}
MONITOR_ON: Object = {"monitoring": {"serviceMonitor": {"enabled": True}}}
IN_REDIS, IN_DATABASE = f"{POD} containers redis", f"{POD} containers postgresql"
MANAGED: Object = {"redis": {"managed": {}}}
SCALED: Object = {"autoscaling": {"min": 2, "max": 9, "cpu": 60}}
ON_CLAIM: Object = {"backup": {"destination": CLAIM}}
ADMINISTERED: Object = {
    "security": {"adminNetworks": ["10.0.0.0/8"], "trustedProxies": ["10.0.0.1"]}
}
BALANCED: Object = {"service": {"type": "LoadBalancer"}}
DYNAMIC: Object = {"oauth": {"dynamicRegistration": {"mode": "Open"}}}


def ending(text: str) -> Callable[[Any], bool]:
    return lambda found: str(found).endswith(text)


def beginning(text: str) -> Callable[[Any], bool]:
    return lambda found: str(found).startswith(text)


def holding(part: Any) -> Callable[[Any], bool]:
    return lambda found: part in (found or ())


def present(found: Any) -> bool:
    return found is not None


def absent(found: Any) -> bool:
    return found is None


@dataclass(frozen=True)
class Effect:
    """A field's value, and what that makes of an object: the path has it, or what `then` says."""

    value: Any
    target: str
    """Kind and name; a name that ends with a hyphen is that of the one that begins so."""
    path: str
    then: Any = None
    given: Object = field(default_factory=dict)
    """What has to be in the spec already for the field to mean something."""

    def shows(self, found: Any) -> bool:
        """Whether that is what was found."""
        wanted = self.value if self.then is None else self.then
        return bool(wanted(found)) if callable(wanted) else found == wanted


def setting(value: Any, name: str, text: str, **given: Any) -> Effect:
    return Effect(value, CONFIG, f"data {name}", text, given)


def bucket(value: Any, name: str, then: Any = None) -> Effect:
    return Effect(value, BACKUP, f"{RUN} {name} value", then, IN_BUCKET)
