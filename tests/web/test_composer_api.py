"""The composer's API: what there is, previews, places of mistakes, and who may ask."""

from typing import Any

import pytest
from web.callers import Caller

pytestmark = [pytest.mark.e2e, pytest.mark.store]
SPEND = {"column": "fact_sales_by_day.spend", "aggregate": "sum"}
DAY = {"column": "fact_sales_by_day.date_key", "date": "recent"}
QUERY: dict[str, Any] = {
    "table": "fact_sales_by_day", "x": SPEND, "y": "fact_sales_by_day.department", "filters": [DAY], "top": 3
}  # fmt: skip
WIDGET: dict[str, Any] = {"mark": "bar", "query": QUERY, "x": {"format": "money"}}


def _preview(caller: Caller, widget: dict[str, Any], **more: Any) -> Any:
    return caller.send("POST", "/api/composer/preview", {"widget": widget, **more})


def test_the_catalogue_has_tables_facts_first_with_types_and_joins(admin: Caller) -> None:
    tables = admin.get("/api/composer/catalogue").json()["tables"]
    kinds = [table["kind"] for table in tables]
    assert kinds == sorted(kinds, key=["fact", "dimension", "lookup"].index)
    emails = next(table for table in tables if table["name"] == "fact_email_response")
    columns = {column["name"]: (column["kind"], column["key"]) for column in emails["columns"]}
    assert columns["date_key"] == ("day", True)
    assert columns["sent"] == ("number", False)
    assert "dim_campaign" in {join["alias"] for join in emails["joins"]}


def test_some_records_and_the_values_of_a_column(admin: Caller) -> None:
    records = admin.get("/api/composer/tables/fact_sales_by_day/records", limit=3).json()
    assert [column["name"] for column in records["columns"]][:2] == ["date_key", "department"]
    assert [row[0] for row in records["rows"]] == ["2017-12-31"] * 3
    path = "/api/composer/tables/fact_sales_by_day/values"
    found = admin.get(path, column="department", search="pack").json()
    assert found == {"values": [], "more": False}
    found = admin.get(path, column="department", search="PCKGD", limit=1).json()
    assert found == {"values": [{"value": "MEAT-PCKGD", "count": 365}], "more": True}
    assert admin.get(path, column='department" FROM x; --').status_code == 404
    assert admin.get("/api/composer/tables/pg_shadow/records").status_code == 404


def test_a_preview_is_what_the_widget_will_show(admin: Caller) -> None:
    shown = _preview(admin, WIDGET, day="2017-12-31").json()
    assert [column["name"] for column in shown["columns"]] == ["sum_of_spend", "department"]
    assert [row[1] for row in shown["rows"]] == ["GROCERY", "DRUG GM", "MEAT"]
    assert shown["spec"]["mark"]["type"] == "bar"
    assert "LIMIT 3" in shown["sql"]
    assert shown["document"]["query"]["top"] == 3
    rows = admin.send("POST", "/api/composer/csv", {"widget": WIDGET}).text.splitlines()
    assert rows[0] == "sum_of_spend,department"
    assert len(rows) == 4


def test_sql_has_the_dashboards_filters(admin: Caller) -> None:
    sql = "SELECT department, sum(spend) AS spend FROM fact_sales_by_day WHERE department = $one GROUP BY 1"
    widget = {"mark": "table", "sql": sql}
    rows = _preview(admin, widget, filters={"one": "MEAT"}).json()["rows"]
    assert [row[0] for row in rows] == ["MEAT"]
    assert "uses $one" in _preview(admin, widget).json()["detail"]


@pytest.mark.parametrize(
    ("widget", "path"),
    [
        ({**WIDGET, "query": {**QUERY, "y": "fact_sales_by_day.town"}}, "query.y.column"),
        ({**WIDGET, "query": {**QUERY, "x": {**SPEND, "aggregate": "most"}}}, "query.x.aggregate"),
        ({"mark": "table", "sql": "SELECT nothing FROM fact_sales_by_day"}, "sql"),
    ],
)
def test_mistakes_have_their_place(admin: Caller, widget: dict[str, Any], path: str) -> None:
    answer = _preview(admin, widget)
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["errors"]] == [path]


def test_sql_that_acts_is_refused(admin: Caller) -> None:
    for sql in ("DROP TABLE fact_sales_by_day", "SELECT pg_sleep(9)", "SELECT 1; SELECT 2"):
        assert _preview(admin, {"mark": "table", "sql": sql}).status_code == 422, sql


def test_only_those_may_compose_who_may_make_dashboards(admin: Caller, viewer: Caller) -> None:
    assert viewer.get("/api/composer/catalogue").status_code == 403
    assert viewer.get("/api/composer/tables/dim_campaign/records").status_code == 403
    assert _preview(viewer, WIDGET).status_code == 403
    assert viewer.get("/compose").status_code == 403
    assert "Explore" in admin.page("/compose")
    body = {"widget": WIDGET}
    assert admin.send("POST", "/api/composer/preview", body, {}).status_code == 403
