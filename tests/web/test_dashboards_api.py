"""Dashboards that people make, over HTTP inside a real Airflow: who may do what, locking, history, files."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import yaml
from web.airflow_server import AirflowServer
from web.callers import Caller
from web.pdf_text import pages as texts

from perennial.settings import REPOSITORY
from perennial.web.dashboards import Dashboard, load_dashboards

pytestmark = [pytest.mark.e2e, pytest.mark.store]
API = "/api/dashboards"
SALES: dict[str, Any] = {
    "id": "sales", "title": "Sales", "mark": "number", "y": {"column": "rows", "format": "integer"},
    "sql": "SELECT count(DISTINCT date_key) AS rows FROM fact_sales_by_day WHERE date_key <= $day",
}  # fmt: skip
BOARD = {"title": "My board", "widgets": [SALES]}


GUARDED = """
import json
from perennial.web.app import create_app
from perennial.web.auth import DASHBOARD_EDITOR, EXPORTER
guards = {EXPORTER.dependency: "export", DASHBOARD_EDITOR.dependency: "edit"}
print(json.dumps([
    [method, route.path, [guards[one.call] for one in route.dependant.dependencies if one.call in guards]]
    for route in create_app().routes for method in route.methods
    if route.path.startswith("/api/dashboards")
]))
"""
"""Which routes of dashboards ask for more than the right to look."""


@pytest.fixture(scope="module")
def editor(airflow: AirflowServer) -> Caller:
    return Caller(airflow, "admin")


@pytest.fixture(scope="module")
def onlooker(airflow: AirflowServer) -> Caller:
    return Caller(airflow, "vic")


@pytest.fixture
def board(editor: Caller) -> Iterator[str]:
    """The name of a dashboard in its first version, deleted afterwards."""
    answer = save(editor, "my_board", BOARD)
    yield "my_board"
    newest = editor.get(f"{API}/my_board/versions").json()["versions"][0]
    if not newest["deleted"]:
        editor.send("DELETE", f"{API}/my_board", {"before": newest["version"]})
    assert answer.status_code == 200


def save(caller: Caller, name: str, document: Any, before: int = 0) -> requests.Response:
    return caller.send("PUT", f"{API}/{name}", {"document": document, "before": before})


def newest(caller: Caller, name: str) -> int:
    version: int = caller.get(f"{API}/{name}/versions").json()["versions"][0]["version"]
    return version


def test_what_is_kept_is_shown_like_any_other(editor: Caller, onlooker: Caller, board: str) -> None:
    assert "My board" in onlooker.page(f"/dashboards/{board}")
    assert onlooker.get(f"{API}/{board}").json()["title"] == "My board"
    assert onlooker.get(f"{API}/{board}/widgets/sales").json()["rows"] == [[365]]
    listed = {one["name"]: one["provisioned"] for one in onlooker.get(API).json()}
    assert listed[board] is False
    assert listed["sales"] is True


def test_a_viewer_may_look_and_not_change(onlooker: Caller, board: str) -> None:
    before = newest(onlooker, board)
    assert save(onlooker, board, BOARD, before).status_code == 403
    assert save(onlooker, "another", BOARD).status_code == 403
    assert onlooker.send("DELETE", f"{API}/{board}", {"before": before}).status_code == 403
    draft = {"document": BOARD, "widget": "sales"}
    assert onlooker.send("POST", f"{API}/draft", draft).status_code == 403
    assert onlooker.send("POST", f"{API}/text", {"document": BOARD}).status_code == 403
    assert newest(onlooker, board) == before


def test_a_form_of_another_site_changes_nothing(editor: Caller, board: str) -> None:
    before = newest(editor, board)
    body = {"document": BOARD, "before": before}
    assert editor.send("PUT", f"{API}/{board}", body, headers={}).status_code == 403
    assert editor.upload(f"{API}/draft", "document=1").status_code == 415
    assert newest(editor, board) == before


def test_overtaken_changes_are_refused(editor: Caller, board: str) -> None:
    first = newest(editor, board)
    assert save(editor, board, {**BOARD, "title": "Newer"}, first).json()["version"] == first + 1
    late = save(editor, board, {**BOARD, "title": "Late"}, first)
    assert late.status_code == 409
    assert "admin has saved this dashboard meanwhile" in late.json()["detail"]
    assert editor.get(f"{API}/{board}").json()["title"] == "Newer"
    assert save(editor, board, BOARD).status_code == 409, "a new one needs a free name"


def test_history_and_a_return_to_an_older_version(editor: Caller, board: str) -> None:
    first = newest(editor, board)
    save(editor, board, {**BOARD, "title": "Newer"}, first)
    older = editor.get(f"{API}/{board}/versions/{first}").json()
    assert (older["saved_by"], older["document"]["title"]) == ("admin", "My board")
    assert save(editor, board, older["document"], first + 1).json()["version"] == first + 2
    assert editor.get(f"{API}/{board}").json()["title"] == "My board"
    assert editor.send("DELETE", f"{API}/{board}", {"before": first + 1}).status_code == 409
    assert editor.send("DELETE", f"{API}/{board}", {"before": first + 2}).status_code == 200
    assert editor.get(f"{API}/{board}").status_code == 404
    assert editor.get(f"{API}/{board}/versions/{first}").json()["document"] == older["document"]
    assert save(editor, board, BOARD).json()["version"] == first + 4, "the name is free, its history goes on"


def test_documents_of_the_deployment_are_not_changed(editor: Caller) -> None:
    for answer in (save(editor, "sales", BOARD), editor.send("DELETE", f"{API}/sales", {"before": 1})):
        assert answer.status_code == 409
        assert "duplicate it under another name" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM fact_sales_by_day", "widgets.sales: DELETE is not allowed here"),
        ("SELECT set_config('role', 'perennial', false) AS rows", "set_config is not allowed"),
        ("SELECT pg_sleep(60) AS rows", "pg_sleep is the server's own"),
        ("SELECT 1 AS rows; SELECT 2", "One statement at a time"),
    ],
)
def test_sql_that_does_more_than_read_is_neither_kept_nor_run(editor: Caller, sql: str, said: str) -> None:
    document = {**BOARD, "widgets": [{**SALES, "sql": sql}]}
    draft = editor.send("POST", f"{API}/draft", {"document": document, "widget": "sales"})
    for answer in (draft, save(editor, "hostile", document)):
        assert answer.status_code == 422
        assert said in answer.json()["detail"]
    assert editor.get(f"{API}/hostile").status_code == 404


def test_a_widget_is_drawn_before_it_is_kept(editor: Caller) -> None:
    mistaken = {"id": "mistaken", "mark": "nonsense"}
    draft = {"document": {**BOARD, "widgets": [SALES, mistaken]}, "widget": "sales", "day": "2017-06-30"}
    drawn = editor.send("POST", f"{API}/draft", draft)
    assert drawn.status_code == 200, "a mistake in another one does not matter"
    assert drawn.json()["rows"] == [[181]], "days up to the end of June"
    assert editor.send("POST", f"{API}/draft", {**draft, "widget": "mistaken"}).status_code == 422
    assert editor.send("POST", f"{API}/draft", {**draft, "widget": "nowhere"}).status_code == 404


def test_yaml_leads_to_the_same_dashboard_and_back(editor: Caller, onlooker: Caller, board: str) -> None:
    answer = onlooker.get(f"{API}/{board}/yaml")
    assert answer.headers["content-disposition"] == 'attachment; filename="my_board.yaml"'
    assert yaml.safe_load(answer.text) == BOARD
    text = editor.send("POST", f"{API}/text", {"document": BOARD}).json()
    assert yaml.safe_load(text["yaml"]) == text["document"] == BOARD
    assert editor.send("POST", f"{API}/text", {"yaml": text["yaml"]}).json() == text
    for widget in ({"document": SALES}, {"yaml": yaml.safe_dump(SALES)}):
        assert editor.send("POST", f"{API}/text", {**widget, "widget": True}).json()["document"] == SALES
    refused = editor.send("POST", f"{API}/text", {"yaml": "title: [\n"})
    assert refused.status_code == 422
    assert "line 2" in refused.json()["detail"]


def test_a_provisioned_dashboard_survives_its_download(onlooker: Caller) -> None:
    known = load_dashboards(REPOSITORY / "include")["customer_value"]
    text = onlooker.get(f"{API}/customer_value/yaml").text
    assert Dashboard.model_validate({**yaml.safe_load(text), "name": "customer_value"}) == known


def test_a_dashboard_is_downloaded_as_pdf_and_as_a_picture(onlooker: Caller, board: str) -> None:
    answer = onlooker.get(f"{API}/{board}/pdf", day="2017-12-30")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{board}_2017-12-30.pdf"'
    (page,) = texts(answer.content)
    assert "My board" in page
    assert "As of 30 Dec 2017" in page
    assert "364" in page, "days of sales until then"
    assert onlooker.get(f"{API}/{board}/png").content.startswith(b"\x89PNG")
    assert onlooker.get(f"{API}/nowhere/pdf").status_code == 404


def test_what_is_taken_away_is_filtered_as_the_page_is(onlooker: Caller) -> None:
    asked = {"audience": ["Lapsing", "Top spenders"], "pick.audience": ["Lapsing"], "from.audience": "trend"}
    rows = onlooker.get(f"{API}/audiences/widgets/current/csv", **asked).text.splitlines()
    assert [row.split(",")[0] for row in rows] == ["audience", "Lapsing"]
    assert len(onlooker.get(f"{API}/audiences/widgets/trend/csv", **asked).text.splitlines()) == 17
    assert "Top spenders" not in onlooker.get(f"{API}/audiences/widgets/current/svg", **asked).text
    found = onlooker.get(f"{API}/audiences/widgets/count", **asked).json()
    assert found["unmet"] == ["Audience"]


def test_a_text_is_drawn_and_has_no_rows_to_take_away(editor: Caller, board: str) -> None:
    prose = {"id": "why", "title": "Why", "mark": "text", "text": "**Because**"}
    draft = {"document": {**BOARD, "widgets": [prose]}, "widget": "why"}
    assert editor.send("POST", f"{API}/draft", draft).json()["html"] == "<p><strong>Because</strong></p>\n"
    newest = editor.get(f"{API}/{board}/versions").json()["versions"][0]["version"]
    change = {"document": {**BOARD, "widgets": [SALES, prose]}, "before": newest}
    assert editor.send("PUT", f"{API}/{board}", change).status_code == 200
    for kind in ("csv", "png"):
        assert editor.get(f"{API}/{board}/widgets/why/{kind}").status_code == 404
    (page,) = texts(editor.get(f"{API}/{board}/pdf").content)
    assert "Because" in page


def test_files_ask_for_the_right_to_export_and_changes_for_the_right_to_edit(airflow: AirflowServer) -> None:
    asked = json.loads(airflow.run_python(GUARDED).splitlines()[-1])
    guards = {(method, path.removeprefix("/api/dashboards")): wanted for method, path, wanted in asked}
    of_one = ["", "/versions", "/versions/{version}", "/widgets/{widget_id}"]
    assert guards.pop(("GET", "")) == []
    assert [guards.pop(("GET", f"/{{name}}{path}")) for path in of_one] == [[]] * 4
    for (method, path), wanted in guards.items():
        assert wanted == (["export"] if method == "GET" else ["edit"]), path
    files = {path.rpartition("/")[2] for method, path in guards if method == "GET"}
    assert files == {"yaml", "csv", "{kind}"}
