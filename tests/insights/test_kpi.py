"""Every KPI of the library, asked of a few rows, gives the answer that was worked out by hand beside them.

A fixture has the rows of facts, on top of those of `_shared.yaml`, and cases: parameters and the answer.
"""

import csv
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from perennial.documents import DocumentError
from perennial.insights import structure
from perennial.insights.kpi import load_kpis, load_parameters
from perennial.insights.model import load_models
from perennial.settings import REPOSITORY
from perennial.web.parameters import parameters_of, to_placeholders

FOLDER = REPOSITORY / "include/sql/kpi"
KPIS = load_kpis(FOLDER)
FIXTURES = Path(__file__).parent / "kpi"
EVER = {"merge_policy": "", "from_day": "0001-01-01", "day": "9999-12-31"}
ANY = {"audience": "", "destination": ""}
"""Where a KPI takes all of them, they are not named."""


def test_there_are_all_of_the_catalogue_each_with_a_fixture():
    assert [kpi.number for kpi in KPIS.values()] == list(range(1, 34))
    assert {path.stem for path in FIXTURES.glob("*.yaml")} == {*KPIS, "_shared"}


@pytest.mark.parametrize("kpi", KPIS.values(), ids=list(KPIS))
def test_a_kpi_declares_the_parameters_that_it_uses(kpi):
    assert parameters_of(kpi.query) == set(kpi.parameters)


@pytest.fixture(scope="module")
def connection(store):
    with psycopg.connect(store.url, options="-c search_path=insights -c TimeZone=UTC") as opened:
        models = load_models(REPOSITORY / "include/sql/insights")
        structure.create(opened, list(models.values()), [])
        yield opened


def table_of(text: str) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of comma-separated text."""
    header, *rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return header, rows


def cases() -> list[Any]:
    found = []
    for name in KPIS:
        fixture = yaml.safe_load((FIXTURES / f"{name}.yaml").read_text())
        for number, case in enumerate(fixture.pop("cases")):
            found.append(pytest.param(name, fixture, case, id=f"{name}-{number}"))
    return found


@pytest.mark.store
@pytest.mark.parametrize(("name", "tables", "case"), cases())
def test_a_kpi_gives_the_expected_answer(connection, name, tables, case):
    shared = yaml.safe_load((FIXTURES / "_shared.yaml").read_text())
    with connection.transaction(force_rollback=True):
        for table, text in {**shared, **tables}.items():
            fill(connection, table, *table_of(text))
        given = {**EVER, **ANY, **{key: str(value) for key, value in case.get("with", {}).items()}}
        query = KPIS[name].query
        asked = {key: given[key] for key in parameters_of(query)}
        cursor = connection.execute(to_placeholders(query).encode(), asked)
        columns = [column.name for column in cursor.description]
        rows = [["" if value is None else str(value) for value in row] for row in cursor]
    assert (columns, rows) == table_of(case["answer"])


def fill(connection: psycopg.Connection, table: str, columns: list[str], rows: list[list[str]]) -> None:
    copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor().copy(copy) as into:
        for row in rows:
            into.write_row([value or None for value in row])


@pytest.mark.store
def test_every_choice_of_a_parameter_can_be_asked_for(connection):
    parameters = load_parameters(FOLDER)
    assert {name for kpi in KPIS.values() for name in kpi.parameters} == set(parameters)
    for parameter in parameters.values():
        if parameter.choices:
            cursor = connection.execute(parameter.choices.encode())
            assert len(cursor.description) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1", "expected a comment"),
        ("/* title: T */ SELECT 1", "about"),
        (
            "/*\ntitle: T\nabout: A\nparameters: [day, night]\n*/ SELECT 1",
            r"night is not in parameters.yaml; .*day",
        ),
    ],
)
def test_a_mistake_is_explained(tmp_path: Path, text: str, said: str):
    (tmp_path / "parameters.yaml").write_text("day: {title: Day, about: A day}\n")
    (tmp_path / "mine.sql").write_text(text)
    with pytest.raises(DocumentError, match=said):
        load_kpis(tmp_path)
