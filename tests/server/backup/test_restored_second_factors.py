"""Second factors after a restore: what was used stays used, and nobody is let in by less."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.server.backup.test_restore_truth import next_second, wanted
from tests.server.http import second_factors
from tests.server.http.second_factors import PATH, Enrolled

from authly_server.backup import job, restore
from authly_server.backup.directory import Directory
from throwaway import instance as throwaway_instance, postgres as throwaway_postgres
from throwaway.browser import has_form
from throwaway.instance import Instance
from throwaway.registration import PASSWORD


@dataclass
class Story:
    """People of before the backup; one has used codes since, one switched it off, one on."""

    instance: Instance
    constant: Enrolled
    gone: Enrolled
    new: Enrolled


@pytest.fixture(scope="module")
def story(
    postgres: throwaway_postgres.Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    url = postgres.create_database("factors")
    place = Directory(tmp_path_factory.mktemp("backups"))
    with throwaway_instance.running(url, tls=False) as instance:
        constant, gone = second_factors.enrol(instance), second_factors.enrol(instance)
        email = second_factors.add_person(instance)
        job.run(url, place, name="shop", retention_days=30, now=next_second())

        browser, page = second_factors.begin(instance, constant)
        assert second_factors.signs_in(browser, page, constant.recovery_codes[0])
        page = gone.browser.client.get(PATH)
        gone.browser.submit(page, action="remove", password=PASSWORD, code=gone.app.code())
        new = second_factors.enrol(instance, email)
        instance.server.stop()
        try:
            restore.run(wanted(url), place)
            instance.server.start()
            yield Story(instance, constant, gone, new)
        finally:
            postgres.drop_database("factors_before_r1")
    postgres.drop_database("factors")


def test_a_recovery_code_that_was_used_since_the_backup_stays_used(story: Story) -> None:
    browser, page = second_factors.begin(story.instance, story.constant)
    assert not second_factors.signs_in(browser, page, story.constant.recovery_codes[0])
    assert second_factors.signs_in(browser, page, story.constant.recovery_codes[1])
    browser, page = second_factors.begin(story.instance, story.constant)
    assert second_factors.signs_in(browser, page, story.constant.app.code(1))


def test_who_has_switched_it_on_since_is_asked_for_it(story: Story) -> None:
    browser, page = second_factors.begin(story.instance, story.new)
    assert has_form(page, "second-factor-form")
    assert second_factors.signs_in(browser, page, story.new.recovery_codes[0])


def test_who_has_switched_it_off_since_is_not(story: Story) -> None:
    _, page = second_factors.begin(story.instance, story.gone)
    assert has_form(page, "consent-form")
