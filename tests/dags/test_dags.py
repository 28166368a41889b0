"""Every Dag parses quickly and keeps the conventions that a person relies on in the UI."""

import json
import os
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from documented import PAGES, Command, commands, triggered
from generator.__main__ import FOLDER, airflow_pages
from jsonschema import Draft202012Validator

from perennial.activation.destinations.registry import connector, kinds
from perennial.settings import REPOSITORY

NAMES = [
    "abandoned_browse",
    "access_request",
    "activation_agency",
    "activation_email",
    "alerts",
    "audiences",
    "bots",
    "bots_decisions",
    "campaigns",
    "customer_value",
    "erasure",
    "insights",
    "lake_maintenance",
    "lifetime_value",
    "profiles",
    "query_visitors_by_day",
    "recompute_days",
    "report_weekly_value",
    "responses",
    "retention",
    "sandbox_campaigns",
    "signals_batch",
    "signals_history",
    "signals_replay",
    "signals_revert",
    "signals_stream",
    "signals_uploads",
]


VERDICTS = ["refuse_failed"]
"""Tasks that leave nothing behind: they only tell a good run from a bad one."""


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """All Dags, parsed as Airflow parses them, with an Airflow home of the tests' own."""
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home}/airflow.db")
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.setenv("PERENNIAL_SANDBOX_PORT", "1")
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dag_folder=str(REPOSITORY / "dags"))
        assert not bag.import_errors
        yield bag.dags


def test_all_dags_are_there(dags):
    assert sorted(dags) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_conventions(dags, name):
    dag = dags[name]
    assert dag.doc_md.startswith("# ")
    assert "perennial" in dag.tags
    assert dag.catchup is False
    assert dag.max_active_runs == 1, "two runs must not write the same tables at once"
    for task in dag.tasks:
        assert task.owner == "data-engineering"
        assert task.retries == 3
        assert task.retry_policy is not None
        assert task.outlets or task.task_id in VERDICTS, "progress shows on an asset"


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_explained(dags, name):
    for parameter in dags[name].params.values():
        assert parameter.schema["title"]
        assert parameter.description


def test_the_sandbox_has_no_dag_in_production(monkeypatch):
    monkeypatch.delenv("PERENNIAL_SANDBOX_PORT", raising=False)
    from airflow.dag_processing.dagbag import DagBag

    assert "sandbox_campaigns" not in DagBag(dag_folder=str(REPOSITORY / "dags")).dags


def test_parsing_imports_no_engine(tmp_path: Path):
    """A Dag file is parsed again and again: polars and DuckDB belong to the tasks."""
    import subprocess
    import sys

    code = (
        "import sys, glob, runpy\n"
        "for file in glob.glob('dags/*.py'): runpy.run_path(file)\n"
        "print(sorted({'polars', 'duckdb', 'deltalake', 'dataframely'} & set(sys.modules)))"
    )
    env = os.environ | {"PYTHONPATH": str(REPOSITORY / "plugins"), "AIRFLOW_HOME": str(tmp_path)}
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env=env, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip().splitlines()[-1] == "[]"
    assert time.monotonic() - started < 60


def test_everybody_is_scored_although_a_fit_failed(dags):
    score = dags["lifetime_value"].get_task("score")
    assert score.upstream_task_ids == {"fit_and_validate"}
    assert score.trigger_rule == "all_done"


def test_the_reference_is_current(dags):
    for name, text in airflow_pages(dags).items():
        assert (FOLDER / name).read_text() == text, f"{name}: run `make reference`"


@pytest.fixture(scope="module")
def said() -> dict[Command, list[str]]:
    """What the manual's commands give Airflow."""
    every = {each: each.airflow for path in PAGES for each in commands(path)}
    return {each: words for each, words in every.items() if words}


def test_commands_of_the_manual_are_airflows(dags, said):
    from airflow.cli.cli_parser import get_parser

    assert len(said) > 20
    for each, words in said.items():
        assert get_parser().parse_args(words), each


def test_the_manual_triggers_dags_with_the_fields_of_their_forms(dags, said):
    runs = [(each, *triggered(words)) for each, words in said.items() if words[:2] == ["dags", "trigger"]]
    for each, name, form in runs:
        dag = dags["activation_email" if name.startswith("activation_") else name]
        assert set(form) <= set(dag.params), each
        for key, value in form.items():
            schema = deepcopy(dag.params.get_param(key).schema)
            # Guides are about documents that are not the demo's.
            for part in (schema, schema.get("items", {})):
                part.pop("enum", None)
            Draft202012Validator(schema).validate(value)


def test_connections_of_the_manual_have_what_their_kind_needs(dags, said):
    from airflow.cli.cli_parser import get_parser

    for each, words in said.items():
        if words[:2] != ["connections", "add"]:
            continue
        given = get_parser().parse_args(words)
        fields = {"host": given.conn_host, "login": given.conn_login, "password": given.conn_password}
        extra = json.loads(given.conn_extra or "{}")
        if given.conn_type in kinds():
            assert connector(given.conn_type).account(given.conn_id, {**fields, **extra}).url, each
        else:
            assert given.conn_type in ("smtp", "http"), each
