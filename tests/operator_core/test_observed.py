from authly_operator import observed
from authly_operator.observed import JobState, SecretData


def job(*conditions: tuple[str, str]) -> dict[str, object]:
    return {"status": {"conditions": [{"type": t, "status": s} for t, s in conditions]}}


def test_a_job_that_nobody_made_is_absent() -> None:
    assert observed.job_state(None) is JobState.ABSENT


def test_a_job_without_a_final_condition_is_running() -> None:
    assert observed.job_state({}) is JobState.RUNNING
    assert observed.job_state({"status": {"conditions": None}}) is JobState.RUNNING
    assert observed.job_state(job(("Complete", "False"))) is JobState.RUNNING


def test_a_job_is_over_only_by_its_final_conditions() -> None:
    assert observed.job_state(job(("SuccessCriteriaMet", "True"))) is JobState.RUNNING
    assert observed.job_state(job(("Complete", "True"))) is JobState.SUCCEEDED
    assert observed.job_state(job(("FailureTarget", "True"), ("Failed", "True"))) is JobState.FAILED


def test_a_representation_never_shows_a_secret() -> None:
    secret = SecretData({"password": "hunter2"})

    assert "hunter2" not in repr(secret)
    assert secret.get("password") == "hunter2"


def test_an_empty_value_of_a_secret_counts_as_absent() -> None:
    assert SecretData({"password": ""}).get("password") is None
