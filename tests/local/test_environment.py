"""The environment follows the state, keeps foreign settings out, and names only options that Airflow has."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from perennial.local import credentials, theme
from perennial.local.environment import STACK_VARIABLE, environment, process_environment, store_url
from perennial.local.state import State
from perennial.settings import REPOSITORY

PORTS = {"airflow": 1111, "postgres": 2222, "collector": 3333, "sandbox": 4444}


@pytest.fixture
def secret(tmp_path: Path) -> credentials.Credentials:
    return credentials.find_or_create(tmp_path)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path, tmp_path / "postgres", PORTS)


def test_it_is_a_function_of_state_and_secrets(state: State, secret: credentials.Credentials) -> None:
    assert environment(state, secret) == environment(state, secret)
    moved = State(state.folder, state.postgres, {**PORTS, "airflow": 5555})
    changed = {
        name
        for name, value in environment(moved, secret).items()
        if environment(state, secret)[name] != value
    }
    assert changed == {
        "AIRFLOW__API__PORT",
        "AIRFLOW__API__BASE_URL",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    }


def test_everything_stays_on_this_machine(state: State, secret: credentials.Credentials) -> None:
    variables = environment(state, secret)
    assert variables["AIRFLOW__API__HOST"] == "127.0.0.1"
    addresses = {
        host
        for value in variables.values()
        for host in re.findall(r"(?:://(?!\w+:\w+@)|@)([\w.]+):\d", value)
    }
    assert addresses == {"127.0.0.1"}


def test_airflow_has_every_option_that_is_set(state: State, secret: credentials.Credentials) -> None:
    found = find_spec("airflow")
    assert found is not None
    assert found.origin is not None
    known = yaml.safe_load((Path(found.origin).parent / "config_templates/config.yml").read_text())
    for name in environment(state, secret):
        if name.startswith("AIRFLOW__"):
            section, option = name.removeprefix("AIRFLOW__").lower().split("__")
            assert option in known[section]["options"], name


def test_settings_of_the_shell_do_not_reach_the_processes(
    state: State, secret: credentials.Credentials
) -> None:
    inherited = {
        "PATH": "/bin",
        "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor",
        "AIRFLOW_HOME": "/elsewhere",
        "PERENNIAL_LAKE": "s3://somebody-elses",
        "PYTHONPATH": "/elsewhere",
    }
    variables = process_environment(state, secret, inherited)
    assert variables["PATH"] == "/bin"
    assert variables["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "PERENNIAL_LAKE" not in variables
    assert variables["PYTHONPATH"] == str(REPOSITORY / "plugins")


def test_only_the_stacks_own_processes_carry_its_mark(state: State, secret: credentials.Credentials) -> None:
    """`down` ends whatever carries it: a person's shell must not."""
    assert STACK_VARIABLE not in environment(state, secret)
    assert process_environment(state, secret, {})[STACK_VARIABLE] == str(state.folder)


def test_connections_reach_store_and_sandbox(state: State, secret: credentials.Credentials) -> None:
    variables = environment(state, secret)
    reader = json.loads(variables["AIRFLOW_CONN_PERENNIAL_STORE_READER"])
    assert (reader["login"], reader["password"], reader["port"]) == (
        "perennial_reader",
        secret.reader_password,
        2222,
    )
    sendgrid = json.loads(variables["AIRFLOW_CONN_SENDGRID_DEFAULT"])
    assert sendgrid["host"] == "http://127.0.0.1:4444"
    assert sendgrid["extra"] == {"webhook_public_key": secret.webhook_public_key}
    assert variables["PERENNIAL_SANDBOX_WEBHOOK_URL"] == "http://127.0.0.1:3333/webhooks/sendgrid"


def test_store_url_is_a_url(state: State) -> None:
    assert store_url(state, "reader", "word") == "postgresql://reader:word@127.0.0.1:2222/perennial"


def test_the_theme_has_every_step_in_the_form_that_airflow_takes() -> None:
    brand = theme.THEME["tokens"]["colors"]["brand"]
    assert list(brand) == ["50", *(str(step) for step in range(100, 1000, 100)), "950"]
    for step in brand.values():
        form = re.fullmatch(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", step["value"])
        assert form is not None
        lightness, chroma, hue = map(float, form.groups())
        assert 0 <= lightness <= 1
        assert 0 <= chroma <= 0.5
        assert 0 <= hue <= 360
