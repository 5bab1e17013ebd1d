"""What the stories tell the metrics."""

from authly_operator.cluster.apply import Applied
from authly_operator.condition_names import Reason
from authly_operator.desired.plan import Plan
from authly_operator.material import validity
from authly_operator.metrics import Metrics


def count(metrics: Metrics, kind: str, applied: Applied) -> None:
    """Count the children of a resource of that kind that were written, put back, or refused."""
    for child, _ in applied.written:
        metrics.writes.labels(child).inc()
    for child, _ in applied.corrected:
        metrics.drift.labels(child).inc()
    metrics.errors.labels(kind, Reason.APPLY_FAILED).inc(len(applied.failures))


def date(metrics: Metrics, plan: Plan) -> None:
    """Tell since when the server's keys sign, and when its certificates end."""
    moments = validity.moments(plan.name, plan.seen.secrets, plan.material.credentials)
    metrics.signing_since.note(plan.namespace, plan.name, moments.signing_since)
    metrics.certificate_ends.note(plan.namespace, plan.name, moments.ends)
