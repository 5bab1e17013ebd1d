"""Every pod satisfies the Pod Security profile "restricted", and goes further."""

from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator.observed import Manifest


def template(manifest: Manifest) -> Any:
    spec = manifest["spec"]
    return (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]


PODS = [
    pytest.param(template(one), id=f"{name}-{one['kind']}-{one['metadata']['name']}")
    for name, spec in plans.SPECS.items()
    for one in plans.everything(plans.plan(spec))
    if one["kind"] in {"StatefulSet", "Deployment", "Job", "CronJob"}
]


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_runs_as_nobody_special(pod: Any) -> None:
    security = pod["spec"]["securityContext"]

    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] in {999, 10001}
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod["spec"])


@pytest.mark.parametrize("pod", PODS)
def test_a_container_can_gain_nothing_and_write_to_its_volumes_only(pod: Any) -> None:
    for container in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_has_no_token_and_no_volume_of_its_node(pod: Any) -> None:
    kinds = {kind for volume in pod["spec"]["volumes"] for kind in volume if kind != "name"}

    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["enableServiceLinks"] is False
    assert kinds <= {"configMap", "emptyDir", "secret", "persistentVolumeClaim"}


@pytest.mark.parametrize("pod", PODS)
def test_no_container_is_given_a_whole_secret(pod: Any) -> None:
    for container in pod["spec"]["containers"]:
        assert not any("secretRef" in source for source in container.get("envFrom", ()))
