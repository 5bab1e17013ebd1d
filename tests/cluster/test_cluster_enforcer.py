"""The rules that are left where NetworkPolicies are enforced no more."""

from cluster import enforcer


SAVED = """\
*filter
:FORWARD ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-POD-FW-AAAA - [0:0]
:KUBE-NWPLCY-BBBB - [0:0]
-A FORWARD -m comment --comment "kube-router netpol" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-ROUTER-FORWARD -d 10.89.0.10/32 -j KUBE-POD-FW-AAAA
-A KUBE-POD-FW-AAAA -j KUBE-NWPLCY-BBBB
COMMIT
"""


def test_only_the_rules_of_the_enforcer_go() -> None:
    left = enforcer.without(SAVED).splitlines()
    assert left == [
        "*filter",
        ":FORWARD ACCEPT [0:0]",
        ":KUBE-FORWARD - [0:0]",
        '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
        "COMMIT",
    ]
