"""Filters and picks: which widgets they narrow, and how; what cannot be, says so. Values stay values."""

from typing import Any

import pytest
from web.example_store import LAST

from perennial.web.dashboards import Dashboard
from perennial.web.narrowing import narrowed
from perennial.web.results import payload
from perennial.web.selections import Asked, select
from perennial.web.store import Store

pytestmark = pytest.mark.store
SALES = "FROM fact_sales_by_day WHERE date_key = $day"
GUIDED: dict[str, Any] = {
    "id": "guided", "title": "G", "mark": "bar",
    "query": {
        "table": "fact_sales_by_day",
        "x": {"column": "fact_sales_by_day.spend", "aggregate": "sum"},
        "y": "fact_sales_by_day.department",
        "filters": [{"column": "fact_sales_by_day.date_key", "date": "recent"}],
    },
}  # fmt: skip
ASKING = {
    "id": "asking", "title": "A", "mark": "number", "y": "departments",
    "sql": f"SELECT count(DISTINCT department) AS departments {SALES}"
    " AND ($department = '{}' OR department = ANY($department))",
}  # fmt: skip
SHOWING = {
    "id": "showing", "title": "S", "mark": "bar", "x": "spend", "y": "department",
    "sql": f"SELECT department, sum(spend) AS spend {SALES} GROUP BY 1 ORDER BY spend DESC -- best first",
}  # fmt: skip
NEITHER = {
    "id": "neither", "title": "N", "mark": "number", "y": "n", "sql": f"SELECT count(*) AS n {SALES};"
}  # fmt: skip
FILTER = {
    "name": "department",
    "title": "Department",
    "column": "fact_sales_by_day.department",
    "multiple": True,
}


def board(**said: Any) -> Dashboard:
    widgets = [GUIDED, ASKING, SHOWING, NEITHER]
    return Dashboard.model_validate(
        {"name": "b", "title": "B", "filters": [FILTER], "widgets": widgets, **said}
    )


def rows(of: Dashboard, asked: Asked, store: Store) -> dict[str, list[list[Any]]]:
    selection = select(of, LAST, None, asked)
    return {one.id: payload(one, selection, store)["rows"] for one in of.widgets}


def test_a_filter_narrows_every_widget_that_knows_its_column_or_its_name(filled: Store) -> None:
    every = rows(board(), {}, filled)
    some = rows(board(), {"department": ["MEAT", "GROCERY"]}, filled)
    assert every["asking"] == [[15]]
    assert some["asking"] == [[2]]
    for name, place in (("guided", 1), ("showing", 0)):
        assert [row[place] for row in some[name]] == ["GROCERY", "MEAT"], "in the order of the query"
        assert [row for row in every[name] if row[place] in ("GROCERY", "MEAT")] == some[name]
    assert some["neither"] == every["neither"]


def test_what_cannot_be_narrowed_says_so_and_the_sql_is_that_which_ran(filled: Store) -> None:
    selection = select(board(), LAST, None, {"department": ["MEAT"]})
    shown = {one.id: payload(one, selection, filled) for one in board().widgets}
    assert {name: one["unmet"] for name, one in shown.items()} == {
        "guided": (), "asking": (), "showing": (), "neither": ("Department",),
    }  # fmt: skip
    assert "= ANY($picked_0)" in shown["guided"]["sql"]
    assert "FROM (\n" in shown["showing"]["sql"]
    assert "MEAT" not in "".join(one["sql"] for one in shown.values())


def test_a_question_asks_for_several_values_of_a_filter(filled: Store) -> None:
    asking = {"column": "fact_sales_by_day.department", "filter": "department"}
    query = GUIDED["query"] | {"filters": [*GUIDED["query"]["filters"], asking]}
    of = board(widgets=[{**GUIDED, "query": query}])
    assert len(rows(of, {}, filled)["guided"]) == 15
    assert [row[1] for row in rows(of, {"department": ["MEAT", "DELI"]}, filled)["guided"]] == [
        "MEAT",
        "DELI",
    ]
    single = board(filters=[{**FILTER, "multiple": False}], widgets=[{**GUIDED, "query": query}])
    assert [row[1] for row in rows(single, {"department": "MEAT"}, filled)["guided"]] == ["MEAT"]


def test_a_pick_narrows_the_others_and_not_the_widget_that_it_was_made_in(filled: Store) -> None:
    asked = {"pick.department": ["MEAT"], "from.department": "showing"}
    found = rows(board(), asked, filled)
    assert len(found["showing"]) == 15
    assert [row[1] for row in found["guided"]] == ["MEAT"]
    assert found["asking"] == [[1]], "bound to the filter of its column"
    both = rows(board(), {**asked, "department": ["DELI"]}, filled)
    assert both["asking"] == [[0]]
    assert both["guided"] == []
    assert [row[0] for row in both["showing"]] == ["DELI"]


def test_a_pick_from_another_dashboard_becomes_the_filter_of_its_column(filled: Store) -> None:
    selection = select(board(), LAST, None, {"pick.department": ["MEAT"], "pick.decile": ["3"]})
    assert selection.filters == {"department": ["MEAT"]}
    assert [(wish.title, wish.values) for wish in selection.picks] == [("Decile", ("3",))]
    showing = board().widget("showing")
    assert showing is not None
    assert narrowed(showing, selection, filled).unmet == ("Decile",)


@pytest.mark.parametrize("value", ["'; DROP TABLE dim_campaign; --", "%s", "$day", "{}", "\\", "Ünï"])
def test_a_hostile_value_finds_nothing(filled: Store, value: str) -> None:
    found = rows(board(), {"department": [value]}, filled)
    assert found["guided"] == found["showing"] == []
    assert found["asking"] == [[0]]


def test_a_filter_offers_the_values_of_its_column(filled: Store) -> None:
    (one,) = board().filters
    offered = filled.query(one.offers or "").rows
    assert len(offered) == 15
    assert offered == sorted(offered)
    assert ("GROCERY", "GROCERY") in offered
    assert one.fixed == ()
    alone = board(filters=[{**FILTER, "multiple": False}], widgets=[]).filters[0]
    assert [choice.label for choice in alone.fixed] == ["All"]
