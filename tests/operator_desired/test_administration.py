"""How administrators reach a server: not at all, from networks, or by the Ingress too."""

from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


NETWORKS = {"adminNetworks": ["192.0.2.0/24", "2001:db8::7"]}
BLOCKS = [{"ipBlock": {"cidr": "192.0.2.0/24"}}, {"ipBlock": {"cidr": "2001:db8::7/128"}}]
OPERATOR = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "authly-system"}}}
EDGE = {"namespaceSelector": {"matchLabels": {"team": "edge"}}}
INGRESS = {"enabled": True, "host": "auth.example.com"}
PUBLISHED: dict[str, Any] = {
    "security": {**NETWORKS, "trustedProxies": ["10.0.0.1"]},
    "ingress": {**INGRESS, "exposeAdmin": True},
}


def administered(**spec: Any) -> Plan:
    return plans.plan({**plans.MINIMAL, "security": NETWORKS, **spec})


def one(plan: Plan, kind: str, name: str = "main") -> Manifest:
    found = {(m["kind"], m["metadata"]["name"]): m for m in plans.everything(plan)}
    return found[kind, name]


def rules(plan: Plan) -> list[Any]:
    """The rules of the policy for the replicas, but for OAuth's and the metrics'."""
    return list(one(plan, "NetworkPolicy")["spec"]["ingress"][2:])


def test_without_networks_nothing_is_for_administrators() -> None:
    hidden = {"ingress": {**INGRESS, "exposeAdmin": True}}  # as no API server lets in
    for spec in (plans.MINIMAL, {**plans.MINIMAL, **hidden}):
        made = plans.everything(plans.plan(spec))
        assert not [each for each in made if "9001" in str(each) or "admin/v1" in str(each)]
        assert "main-admin" not in {each["metadata"]["name"] for each in made}


def test_their_port_is_in_a_service_of_its_own_whatever_the_other_one_is() -> None:
    plan = administered(service={"type": "LoadBalancer"})
    spec = one(plan, "Service", "main-admin")["spec"]
    (port,) = spec["ports"]
    (container,) = one(plan, "Deployment")["spec"]["template"]["spec"]["containers"]

    assert (spec["type"], port["port"], port["targetPort"]) == ("ClusterIP", 9001, 9001)
    assert spec["selector"] == one(plan, "Service")["spec"]["selector"]
    assert [each["port"] for each in one(plan, "Service")["spec"]["ports"]] == [80]
    assert {each["name"]: each["containerPort"] for each in container["ports"]}["admin"] == 9001


def test_a_policy_lets_in_their_networks_alone() -> None:
    (rule,) = rules(administered(ingress=INGRESS))
    assert rule == {"ports": [{"port": 9001, "protocol": "TCP"}], "from": BLOCKS}


@pytest.mark.parametrize(
    ("named", "peers"),
    [
        pytest.param({}, None, id="whoever the public port admits is everybody"),
        pytest.param({"from": [EDGE]}, [*BLOCKS, EDGE, OPERATOR], id="or those whom it names"),
    ],
)
def test_a_policy_lets_in_an_ingress_that_publishes_it(named: Any, peers: Any) -> None:
    (rule,) = rules(administered(**PUBLISHED, networkPolicy=named))
    assert rule.get("from") == peers


@pytest.mark.parametrize("path", ["", "/tenant"])
def test_an_ingress_publishes_it_below_the_issuers_path_where_the_spec_says_so(path: str) -> None:
    issuer = f"https://auth.example.com{path}"
    found = one(administered(**PUBLISHED, issuer=issuer), "Ingress")["spec"]["rules"][0]["http"]
    admin = [each for each in found["paths"] if "admin" in each["path"]]
    backend = {"service": {"name": "main-admin", "port": {"number": 9001}}}

    assert admin == [{"path": f"{path}/admin/v1", "pathType": "Prefix", "backend": backend}]


def test_a_gateway_publishes_nothing_of_it() -> None:
    gateway = {"parentRefs": [{"name": "public"}]}
    assert "admin" not in str(one(administered(**PUBLISHED, gateway=gateway), "HTTPRoute")["spec"])
