"""SIGKILL of the operator after every few side effects of a restore: whoever follows ends it."""

import itertools

from tests.operator_backups import home as homes
from tests.operator_backups.home import Home, is_over
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.kubernetes_api import is_ready, wait_until
from tests.operator_faults.world import World

from throwaway import registration


FEWEST, MOST = 2, 6
"""Side effects that an operator lives for; each of them has been followed by a death in the end."""
LEAST_DEATHS = 5
PEOPLE = "SELECT count(*) FROM authly.users"


def is_restored(home: Home) -> bool:
    restore = home.get("AuthlyRestore", "back")
    released = "finalizers" not in restore["metadata"]
    return is_over(restore) and released and is_ready(home.get("AuthlyServer"))


def test_a_restore_is_ended_by_operators_that_die_after_a_few_side_effects_each(
    world: World, pods: JobPods
) -> None:
    with homes.home(world, pods, "mortal") as home:
        assert home.back_up("before")["status"]["phase"] == "Succeeded"
        ((people,),) = homes.rows(home.url, PEOPLE)
        registration.add_user(home.url, "late@example.org")
        home.operator.end()
        source = {"backupRef": {"name": "before"}}
        home.ask("AuthlyRestore", "back", source=source, acknowledgeDataLoss=True)
        deaths = 0
        for number in itertools.cycle(range(FEWEST, MOST)):
            home.operator.doom(number)
            home.operator.start()
            wait_until(
                f"an end after {deaths} deaths",
                lambda: home.operator.exit_status is not None or is_restored(home),
                homes.PATIENCE,
                seen=lambda: "\n".join(home.operator.effects[-12:]),
            )
            if home.operator.exit_status is None:
                break
            deaths += 1
            home.operator.end()
        home.operator.spare()
        restore = home.get("AuthlyRestore", "back")
        assert deaths >= LEAST_DEATHS
        assert restore["status"]["phase"] == "Succeeded"
        assert homes.rows(home.url, PEOPLE) == [(people,)]
        assert "authly.dev/restoring" not in home.get("AuthlyServer")["metadata"].get(
            "annotations", {}
        )
        jobs = world.api.select("Job", home.namespace, "app.kubernetes.io/component=run")
        assert len(jobs) == len({job["metadata"]["name"] for job in jobs}) == 2
