"""Widgets with a guided query: their roles, their SQL, and what is wrong where."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from perennial.documents import DocumentError
from perennial.settings import REPOSITORY
from perennial.web.dashboards import Dashboard, load_dashboards
from perennial.web.dashboards_text import plain_widget
from perennial.web.guiding import catalogue_of
from perennial.web.widgets import Widget

CONTEXT = {"catalogue": catalogue_of(REPOSITORY / "include")}
SPEND = {"column": "fact_sales_by_day.spend", "aggregate": "sum"}
QUERY: dict[str, Any] = {
    "table": "fact_sales_by_day",
    "x": SPEND,
    "y": "fact_sales_by_day.department",
    "top": 3,
}
WIDGET: dict[str, Any] = {"id": "w", "title": "W", "mark": "bar", "query": QUERY}
BOARD = """
title: Sales
widgets:
  - id: departments
    title: Departments
    mark: bar
    query:
      table: fact_sales_by_day
      x: {column: fact_sales_by_day.spend, aggregate: sum}
      y: COLUMN
      filters: [{column: fact_sales_by_day.date_key, date: recent}]
    x: {format: money, title: Spent}
"""


def _widget(**said: Any) -> Widget:
    return Widget.model_validate({**WIDGET, **said}, context=CONTEXT)


def test_roles_name_the_columns_of_the_query_and_keep_how_they_read() -> None:
    widget = _widget(x={"format": "money", "title": "Spent"})
    assert widget.x is not None
    assert widget.y is not None
    assert (widget.x.column, widget.x.format, widget.x.words) == ("sum_of_spend", "money", "Spent")
    assert (widget.y.column, widget.y.words) == ("department", "Department")


def test_columns_of_a_table_keep_their_order() -> None:
    query = {"table": "fact_sales_by_day", "columns": ["fact_sales_by_day.department", SPEND]}
    widget = _widget(mark="table", query=query, columns=[{"title": "Where"}])
    assert [(role.column, role.title) for role in widget.columns] == [
        ("department", "Where"), ("sum_of_spend", None)
    ]  # fmt: skip


def test_what_is_written_is_read_again_and_compiled_again() -> None:
    widget = _widget()
    written = widget.model_dump(mode="json")
    assert Widget.model_validate(written, context=CONTEXT) == widget
    assert Widget.model_validate({**written, "sql": "DROP TABLE x"}, context=CONTEXT).sql == widget.sql


def test_a_query_or_sql_is_needed() -> None:
    with pytest.raises(ValidationError, match="give sql, or a query"):
        _widget(query=None, x="a", y="b")


def test_without_a_catalogue_that_of_the_deployment_is_taken() -> None:
    assert Widget.model_validate(WIDGET).sql == _widget().sql


def test_what_is_written_down_says_nothing_twice() -> None:
    assert plain_widget(_widget(x={"format": "money"})) == {
        "id": "w", "title": "W", "mark": "bar", "x": {"column": "sum_of_spend", "format": "money"},
        "query": {**QUERY, "y": {"column": QUERY["y"]}},
    }  # fmt: skip


def test_a_mark_lacks_a_role_of_the_query() -> None:
    with pytest.raises(ValidationError, match="a bar needs y"):
        _widget(query={"table": "fact_sales_by_day", "x": SPEND})


def test_a_dashboard_is_read_with_its_queries(tmp_path: Path) -> None:
    (tmp_path / "sql").symlink_to(REPOSITORY / "include" / "sql")
    file = tmp_path / "dashboards" / "sales.yaml"
    file.parent.mkdir()
    file.write_text(BOARD.replace("COLUMN", "fact_sales_by_day.department"))
    board: Dashboard = load_dashboards(tmp_path)["sales"]
    assert '"date_key" = $day' in board.widgets[0].sql
    file.write_text(BOARD.replace("COLUMN", "fact_sales_by_day.town"))
    with pytest.raises(
        DocumentError, match=r"widgets.0: query.y.column: fact_sales_by_day has no column town"
    ):
        load_dashboards(tmp_path)
