from tests.e2e.instance import Instance


def test_a_machine_gets_a_token(instance: Instance) -> None:
    assert instance.token()["expires_in"] == 1800


def test_a_person_signs_in_and_the_client_refreshes(instance: Instance) -> None:
    tokens = instance.sign_in()
    again = instance.refresh(tokens["refresh_token"])
    assert instance.introspect(again["access_token"])["active"] is True
