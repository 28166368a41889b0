"""Documents of dashboards, written and read: what comes out is what went in; mistakes have their places."""

import time
from typing import Any

import pytest
import yaml

from perennial.settings import REPOSITORY
from perennial.web.assets import asset
from perennial.web.dashboards import Dashboard, load_dashboards
from perennial.web.dashboards_text import DashboardRefused, calls_of, checked, from_yaml, plain, to_yaml
from perennial.web.widgets import Mark

BOARDS = load_dashboards(REPOSITORY / "include")
WIDGET: dict[str, Any] = {"id": "a", "title": "A", "mark": "table", "sql": "SELECT 1"}


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_yaml_of_a_dashboard_is_the_same_dashboard(board: Dashboard) -> None:
    assert Dashboard.model_validate({**yaml.safe_load(to_yaml(board)), "name": board.name}) == board
    assert checked(board.name, plain(board)) == board


def test_yaml_reads_well() -> None:
    sql = "SELECT 'x' AS a,\n  1 AS b"
    widget = {**WIDGET, "mark": "bar", "sql": sql, "x": "a", "y": {"column": "b", "format": "integer"}}
    assert to_yaml(checked("mine", {"title": "Größe: ja", "widgets": [widget]})) == (
        "# yaml-language-server: $schema=../schemas/dashboards.json\n"
        "title: 'Größe: ja'\n"
        "widgets:\n"
        "- id: a\n"
        "  title: A\n"
        "  mark: bar\n"
        "  sql: |-\n"
        "    SELECT 'x' AS a,\n"
        "      1 AS b\n"
        "  x: a\n"
        "  y:\n"
        "    column: b\n"
        "    format: integer\n"
    )


def test_a_guided_query_is_all_that_is_said_of_its_columns() -> None:
    y = {"column": "fact_sales_by_day.lines", "aggregate": "sum"}
    query = {"table": "fact_sales_by_day", "x": {"column": "fact_sales_by_day.date_key"}, "y": y}
    guided = {"id": "g", "title": "G", "mark": "line", "query": query}
    board = checked("mine", {"title": "T", "widgets": [guided]})
    assert "GROUP BY" in board.widgets[0].sql
    assert plain(board)["widgets"] == [guided]
    assert checked("mine", plain(board)) == board


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sql": "DELETE FROM fact_sales_by_day"}, "widgets.a: DELETE is not allowed here."),
        ({"sql": "SELECT 1; SET statement_timeout = 0"}, "widgets.a: One statement at a time."),
        ({"sql": "SELECT * FROM pg_stat_activity"}, "pg_stat_activity is the server's own."),
        ({"sql": "SELECT $nobody"}, "widget a uses $nobody; known: $day, $from_day"),
        ({"width": 13}, "widgets.0.width: Input should be less than or equal to 12"),
        ({"id": "../etc"}, "widgets.0.id: String should match"),
        ({"colour": "red"}, "widgets.0.colour: Extra inputs are not permitted"),
    ],
)
def test_mistakes_have_their_places(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DashboardRefused) as refused:
        checked("mine", {"title": "T", "widgets": [{**WIDGET, **change}]})
    assert said in str(refused.value)


def test_queries_of_filters_and_days_are_looked_at_too() -> None:
    document: dict[str, Any] = {"title": "T", "widgets": [], "days": "DROP TABLE a"}
    with pytest.raises(DashboardRefused, match="days: DROP is not allowed"):
        checked("mine", document)
    document = {"title": "T", "widgets": [], "filters": [{"name": "f", "title": "F", "sql": "TRUNCATE a"}]}
    with pytest.raises(DashboardRefused, match=r"filters\.f: TRUNCATE is not allowed"):
        checked("mine", document)


def test_calls_are_those_of_every_query() -> None:
    widgets = [{**WIDGET, "sql": "SELECT pi()"}, {**WIDGET, "id": "b", "sql": "SELECT lo_get(1)"}]
    assert {"pi", "lo_get"} <= calls_of(checked("mine", {"title": "T", "widgets": widgets})).keys()


@pytest.mark.parametrize(
    ("text", "said"), [("a: [", "line 1"), ("- 1", "a list of keys"), ("!!python/x 1", "could not determine")]
)
def test_a_text_that_is_no_document_is_refused(text: str, said: str) -> None:
    with pytest.raises(DashboardRefused, match=said):
        from_yaml(text)


@pytest.mark.parametrize("mark", [mark for mark in Mark if mark is not Mark.NUMBER])
def test_every_mark_has_its_glyph_in_the_list_of_dashboards(mark: Mark) -> None:
    assert asset(f"glyph_{mark}.svg") is not None


def _levels(line: str, count: int) -> str:
    """Lines of which each stands for ten times the one before it."""
    return "".join(line.format(n=n, ten=",".join([f"*a{n - 1}"] * 10)) for n in range(1, count))


BOMBS = {
    "lists": "a0: &a0 [x, x]\n" + _levels("a{n}: &a{n} [{ten}]\n", 12),
    "merged mappings": "a0: &a0 {k: 1, l: 1}\n" + _levels("a{n}: &a{n} {{<<: [{ten}]}}\n", 12),
    "itself": "widgets: &w [*w]\n",
    "brackets": "[" * 200_000,
    "indentation": "\n".join(" " * depth + "a:" for depth in range(1_000)),
    "a long number": "title: " + "9" * 500_000,
    "a long time": "title: " + "1:" * 200_000 + "1",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_text_that_comes_to_too_much_is_refused_at_once(name: str) -> None:
    """Each of these ends the server that builds it, or keeps it busy for hours."""
    begun = time.process_time()
    with pytest.raises(DashboardRefused, match=r"line 1|line \d+: (it comes|nested)") as error:
        from_yaml(BOMBS[name])
    assert time.process_time() - begun < 2
    assert len(str(error.value)) < 200


def test_values_may_be_repeated_by_name() -> None:
    assert from_yaml("a: &a {x: 1}\nb: [*a, *a]\nc: {<<: *a, y: 2}\nd: 2024-01-01\n")["c"] == {"x": 1, "y": 2}
