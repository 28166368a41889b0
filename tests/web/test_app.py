"""The app inside a real Airflow: nobody gets anything without signing in, who may open the UI may read."""

import json
import re

import pytest
from web.airflow_server import AirflowServer

from perennial.web.dashboards import Dashboard

pytestmark = [pytest.mark.e2e, pytest.mark.store]
LIST_ROUTES = """
import json
from perennial.web.app import create_app
print(json.dumps([[route.path, sorted(route.methods)] for route in create_app().routes]))
"""
SAMPLES = {
    "name": "customer_value",
    "widget_id": "trend",
    "kind": "png",
    "version": "x",
    "path": "anything/at/all",
    "dataset": "transactions",
    "batch": "transactions-2017-12-25",
    "row": "row-1225-1",
    "person_id": "7",
    "identifier": "00000000-0000-4000-8000-000000000000",
    "output": "csv",
}
QUARANTINE = "/api/signals/quarantine/transactions"
WRITES = {
    **{f"{QUARANTINE}/{what}": {"POST"} for what in ("check", "corrections", "discard")},
    **{f"/api/audiences/{what}": {"POST"} for what in ("estimate", "overlap")},
    **{f"/api/composer/{what}": {"POST"} for what in ("preview", "csv")},
    "/api/audiences/customer_value": {"PUT", "DELETE"},
    "/api/health/alerts/seen": {"POST"},
    "/api/queries": {"POST"},
    f"/api/queries/{SAMPLES['identifier']}": {"DELETE"},
    "/api/dashboards/customer_value": {"PUT", "DELETE"},
    **{f"/api/dashboards/{what}": {"POST"} for what in ("draft", "text")},
    **{f"/api/audiences/customer_value/{what}": {"POST"} for what in ("list", "split")},
}
"""What may be done beside reading, and where."""
WIDGET = "/api/dashboards/customer_value/widgets/departments"


Routes = list[tuple[str, list[str]]]


@pytest.fixture(scope="module")
def routes(airflow: AirflowServer) -> Routes:
    """Every route of the app with its methods, its parameters filled in with something that exists."""
    routes = json.loads(airflow.run_python(LIST_ROUTES).splitlines()[-1])
    assert len(routes) > 8
    return [(re.sub(r"{(\w+)(:\w+)?}", lambda m: SAMPLES[m[1]], path), methods) for path, methods in routes]


def test_every_route_refuses_an_anonymous_caller(airflow: AirflowServer, routes: Routes) -> None:
    anonymous = airflow.session()
    files = [f"/static/x/{name}" for name in ("app.css", "vega.js", "theme.css", "board.js", "icon.svg")]
    paths = [*routes, *((path, ["GET"]) for path in files)]
    for path, methods in paths:
        for method in methods:
            answer = anonymous.request(
                method, f"{airflow.url}/perennial{path}", allow_redirects=False, timeout=30
            )
            assert answer.status_code == 401, (method, path)
            assert answer.json() == {"detail": "Not authenticated"}
            browser = {"accept": "text/html"}
            page = anonymous.get(
                f"{airflow.url}/perennial{path}", headers=browser, allow_redirects=False, timeout=30
            )
            assert page.status_code == 307, path
            assert page.headers["location"].startswith("/auth/login?next=%2Fperennial%2F"), path


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_few_routes_do_anything_but_read(airflow: AirflowServer, routes: Routes, method: str) -> None:
    for session in (airflow.session(), airflow.session("admin")):
        for path, methods in routes:
            assert {*methods} <= {"GET"} | WRITES.get(path, set()), path
            if method in WRITES.get(path, set()):
                continue
            answer = session.request(
                method, f"{airflow.url}/perennial{path}", allow_redirects=False, timeout=30
            )
            # What is addressed like an audience takes JSON of our pages only.
            assert answer.status_code in (401, 405, 415), path


@pytest.mark.parametrize("token", ["nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."])
def test_a_forged_token_opens_nothing(airflow: AirflowServer, token: str) -> None:
    session = airflow.session()
    for headers in ({"authorization": f"Bearer {token}"}, {"cookie": f"_token={token}"}):
        answer = session.get(f"{airflow.url}/perennial/api/dashboards", headers=headers, timeout=30)
        assert answer.status_code in (401, 403)


def test_a_viewer_reads_pages_data_pictures_and_files(
    airflow: AirflowServer, dashboards: dict[str, Dashboard]
) -> None:
    viewer = airflow.session("vic")
    for path in [
        "/",
        "/dashboards",
        *(f"/dashboards/{name}" for name in dashboards),
        "/runs?dag=audiences&run=r",
    ]:
        answer = viewer.get(f"{airflow.url}/perennial{path}", headers={"accept": "text/html"}, timeout=30)
        assert answer.status_code == 200, path
        assert "text/html" in answer.headers["content-type"]
    listed = viewer.get(f"{airflow.url}/perennial/api/dashboards", timeout=30).json()
    assert [board["name"] for board in listed] == list(dashboards)
    data = viewer.get(f"{airflow.url}/perennial{WIDGET}?lookback=3m", timeout=30).json()
    assert len(data["rows"]) == 120
    assert data["spec"]["data"] == {"name": "rows"}
    assert viewer.get(f"{airflow.url}/perennial{WIDGET}/png", timeout=30).content.startswith(b"\x89PNG")
    assert viewer.get(f"{airflow.url}/perennial{WIDGET}/svg?theme=dark", timeout=30).text.startswith("<svg")
    text = viewer.get(f"{airflow.url}/perennial{WIDGET}/csv", timeout=30)
    assert text.headers["content-disposition"] == 'attachment; filename="departments_2017-12-31.csv"'
    assert text.text.splitlines()[0] == "department,decile,share"
    assert "vegaEmbed" in viewer.get(f"{airflow.url}/perennial/static/x/vega.js", timeout=60).text


def test_every_answer_carries_the_headers_and_pages_hold_nothing_inline(airflow: AirflowServer) -> None:
    viewer = airflow.session("vic")
    for path in ("/", "/icon.svg", "/api/dashboards", "/nowhere", "/static/x/app.css"):
        headers = viewer.get(f"{airflow.url}/perennial{path}", timeout=30).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "private" in headers["cache-control"]
    page = viewer.get(
        f"{airflow.url}/perennial/dashboards/sales", headers={"accept": "text/html"}, timeout=30
    ).text
    assert not re.search(r"<script(?![^>]*(src=|application/json))|\sstyle=|\son\w+=", page)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page), "nothing from other origins"
    assert not re.search(r"""(src|href)=["']/""", page), "relative addresses work below any path"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/dashboards/nowhere", 404),
        ("/dashboards/..%2F..%2Fetc%2Fpasswd", 404),
        ("/static/x/..%2Fapp.py", 404),
        ("/static/x/%2e%2e%2fapp.py", 404),
        ("/static/x/templates%2Fbase.html", 404),
        ("/api/dashboards/customer_value/widgets/nowhere", 404),
        ("/api/dashboards/customer_value/widgets/'%20OR%201=1--", 404),
        ("/api/dashboards/%00/widgets/trend", 404),
        (f"{WIDGET}/exe", 422),
        (f"{WIDGET}?day=yesterday", 422),
        (f"{WIDGET}?period=-1", 422),
        (f"{WIDGET}/png?theme=<script>", 422),
        (f"{WIDGET}/png?width=1000000", 422),
        ("/api/dashboards/customer_value/widgets/customers_/csv", 404),
        ("/api/dashboards/customer_value/widgets/deciles/png", 404),
    ],
)
def test_a_hostile_address_leads_nowhere(airflow: AirflowServer, path: str, status: int) -> None:
    answer = airflow.session("vic").get(f"{airflow.url}/perennial{path}", timeout=30)
    assert answer.status_code == status
    assert "root:" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("value", ["12m' OR '1'='1", "$day", "%(day)s", "</script><script>alert(1)</script>"])
def test_a_hostile_filter_is_a_value_that_matches_nothing(airflow: AirflowServer, value: str) -> None:
    viewer = airflow.session("vic")
    query = {"lookback": value}
    data = viewer.get(f"{airflow.url}/perennial{WIDGET}", params=query, timeout=30)
    assert data.status_code == 200
    assert data.json()["rows"] == []
    page = viewer.get(f"{airflow.url}/perennial/dashboards/customer_value", params=query, timeout=30)
    assert "<script>alert" not in page.text


def test_a_page_that_is_not_there_says_so_in_the_products_look(airflow: AirflowServer) -> None:
    viewer = airflow.session("vic")
    for path in ("/nowhere", "/a/b/c/", "/dashboards/nowhere"):
        answer = viewer.get(f"{airflow.url}/perennial{path}", headers={"accept": "text/html"}, timeout=30)
        assert answer.status_code == 404
        depth = path.count("/") - 1
        assert f'href="{"../" * depth or "./"}static/' in answer.text
