"""`docker-compose.yaml` is valid, holds no secret, and says how each service shows that it is healthy."""

import json
import re
from typing import Any

import compose_file as compose
import pytest
from jsonschema import Draft202012Validator

SCHEMA = json.loads((compose.ROOT / "tests/deploy/compose_spec/compose-spec.json").read_text())
SERVICES: dict[str, dict[str, Any]] = compose.parsed()["services"]
ONE_SHOT = {"init"}
SECRET = re.compile(r"PASSWORD|SECRET|_KEY|TOKEN")
REQUIRED = {
    match["name"] for match in compose.VARIABLE.finditer(compose.COMPOSE.read_text()) if match["kind"] == "?"
}
OPTIONAL = {
    match["name"]: match["rest"]
    for match in compose.VARIABLE.finditer(compose.COMPOSE.read_text())
    if match["kind"] == "-"
}
CLOSED_WITHOUT = {"CUSTOMER_IO_WEBHOOK_KEY", "MAILCHIMP_WEBHOOK_KEY", "SALESFORCE_WEBHOOK_KEY"}
"""Keys without which the collector refuses what they are for: not everybody has these providers."""


def filled() -> dict[str, Any]:
    document = compose.interpolated(compose.parsed(), dict.fromkeys(REQUIRED, "a-value"))
    assert isinstance(document, dict)
    return document


def test_it_is_a_valid_compose_file() -> None:
    errors = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(filled())
    ]
    assert errors == []


def test_the_schema_does_find_mistakes() -> None:
    document = filled()
    document["services"]["worker"]["helthcheck"] = {}
    assert not Draft202012Validator(SCHEMA).is_valid(document)


def test_it_has_the_services_of_the_deployment() -> None:
    airflow = {"api-server", "scheduler", "dag-processor", "triggerer", "worker", "init"}
    assert set(SERVICES) == airflow | {"postgres", "redis", "collector"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_every_lasting_service_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"]
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_has_a_value_or_a_default(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if SECRET.search(variable):
            assert compose.VARIABLE.search(value), f"{variable} is written into the file"
    for match in compose.VARIABLE.finditer(json.dumps(SERVICES[name])):
        if match["name"] and SECRET.search(match["name"]) and match["name"] not in CLOSED_WITHOUT:
            assert match["kind"] == "?", f"{match['name']} can be left empty"


def test_nothing_starts_without_its_secrets() -> None:
    for missing in REQUIRED:
        with pytest.raises(compose.MissingVariableError, match=missing):
            compose.interpolated(compose.parsed(), dict.fromkeys(REQUIRED - {missing}, "a-value"))


def test_the_example_explains_every_variable_and_holds_no_secret() -> None:
    documented = compose.documented()
    assert set(documented) == REQUIRED | set(OPTIONAL)
    assert {name: value for name, value in documented.items() if name in REQUIRED and value} == {}
    assert {name: value for name, value in documented.items() if name in OPTIONAL} == OPTIONAL


def test_only_the_init_job_knows_the_superusers_password() -> None:
    knowing = {name for name, service in SERVICES.items() if "${POSTGRES_PASSWORD" in json.dumps(service)}
    assert knowing == {"postgres", "init"}


def test_the_collector_holds_no_secret_of_airflows() -> None:
    environment = SERVICES["collector"]["environment"]
    assert not [name for name in environment if name.startswith("AIRFLOW")]


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_data_is_kept_on_a_volume(name: str) -> None:
    volume = SERVICES[name]["volumes"][0].partition(":")[0]
    assert volume in compose.parsed()["volumes"]


@pytest.mark.parametrize("name", ["postgres", "redis", "worker", "collector"])
def test_what_holds_data_or_work_has_time_to_end(name: str) -> None:
    assert SERVICES[name]["stop_grace_period"] != "10s", "that is Docker's default"


def test_the_queue_survives_a_kill() -> None:
    assert "--appendonly yes" in SERVICES["redis"]["command"]
    environment = SERVICES["scheduler"]["environment"]
    celery = json.loads(environment["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])
    # Kombu's own limit would come first, and that costs the task an attempt.
    assert float(environment["AIRFLOW__CELERY__OPERATION_TIMEOUT"]) < 4
    # A task's end that could not be noted would hold its place in the executor for good.
    assert celery["result_backend_always_retry"] is True
    assert celery["task_publish_retry_policy"]["max_retries"] is None
