"""Nothing to do means nothing done: no object and no row changes while everything is Ready."""

import logging
import os
import time

from tests.e2e import kube as kubes
from tests.e2e.instance import Instance
from tests.e2e.kube import Kube
from tests.e2e.stillness import counters, differences, resources, state, wait_settled


SECONDS = float(os.environ.get("AUTHLY_STEADY_SECONDS", "90"))
log = logging.getLogger(__name__)


def test_an_idle_server_causes_no_write_anywhere(kube: Kube, instance: Instance) -> None:
    kinds = resources(kube)
    assert len(kinds) > 40
    before = wait_settled(kube, kinds)
    rows = counters(instance)
    log.info("%d objects of %d kinds, watched for %.0f s", len(before), len(kinds), SECONDS)
    kubes_ready = [each for each in kube.select(kubes.RESOURCES) if not kubes.is_ready(each)]
    assert kubes_ready == []
    time.sleep(SECONDS)
    assert differences(before, state(kube, kinds)) == []
    assert counters(instance) == rows


def test_the_comparison_sees_a_change(kube: Kube, instance: Instance) -> None:
    kinds = resources(kube)
    before, rows = state(kube, kinds), counters(instance)
    kube.run("annotate", "authlyclient", "web", "-n", instance.namespace, "seen=yes")
    instance.sign_in()
    assert any("AuthlyClient" in each for each in differences(before, state(kube, kinds)))
    kube.wait_until("written rows", lambda: counters(instance) != rows, 30)
