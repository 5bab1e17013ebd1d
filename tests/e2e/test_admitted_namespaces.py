"""A client of another namespace is refused with the way in, and comes in when it is admitted."""

from tests.e2e import installation, instance as instances, kube as kubes
from tests.e2e.instance import Instance
from tests.e2e.machines import HEALED, client, ready, registered


STRANGERS = "strangers"


def test_a_namespace_comes_in_when_it_is_admitted(instance: Instance) -> None:
    kube, place = instance.kube, instance.namespace
    labels = {"orders": "allowed"}
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STRANGERS}})
    try:
        kube.apply(client(instance, "stranger", STRANGERS))
        assert ready(kube, "authlyclient", "stranger", STRANGERS) == (
            "False",
            "NamespaceNotAdmitted",
            f"AuthlyServer {place}/main admits its own namespace only"
            f" (spec.allowedClients.namespaces.from: Same), and not {STRANGERS}: whoever runs the"
            " server can set from: Selector with matchLabels {kubernetes.io/metadata.name:"
            f" {STRANGERS}}}, or from: All",
        )
        instance.change(
            {"allowedClients": {"namespaces": {"from": "Selector", "matchLabels": labels}}}
        )
        unlabelled = (
            f"AuthlyServer {place}/main admits namespaces by label"
            f" (spec.allowedClients.namespaces.from: Selector), and {STRANGERS} lacks orders:"
            " allowed: whoever runs the cluster can label the namespace, or whoever runs the"
            " server change matchLabels"
        )
        kube.wait_for(
            "authlyclient",
            "stranger",
            STRANGERS,
            lambda each: kubes.condition(each, "Ready")["message"] == unlabelled,
            HEALED,
        )
        assert kube.find("secret", "stranger-oauth", STRANGERS) is None
        assert not registered(instance, f"{STRANGERS}.stranger")
        kube.run("label", "namespace", STRANGERS, "orders=allowed")
        kube.wait_for("authlyclient", "stranger", STRANGERS, kubes.is_ready, HEALED)
        let_in = instances.Instance(
            kube, place, instance.port, machine_name="stranger", clients_namespace=STRANGERS
        )
        assert let_in.token(scope="")["access_token"]
    finally:
        installation.clear(kube, STRANGERS)
