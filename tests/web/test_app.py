"""The app inside a real Airflow: nobody gets anything without signing in, who may open the UI may read."""

import json
import re
import time
from collections.abc import Iterator

import pytest
import requests
from web.airflow_server import AirflowServer

from perennial.web.dashboards import Dashboard

pytestmark = [pytest.mark.e2e, pytest.mark.store]
LIST_ROUTES = """
import json
from perennial.web import auth, writes
from perennial.web.app import create_app
from perennial.web.audiences_lists import csv_from_our_pages

GUARDS = {
    auth.READER.dependency: "read",
    auth.EDITOR.dependency: "signals_replay",
    auth.AUDIENCE_EDITOR.dependency: "audiences",
    auth.DASHBOARD_EDITOR.dependency: "insights",
    auth.EXPORTER.dependency: "export",
    auth.ALERTS_EDITOR.dependency: "alerts",
    auth.PRIVACY_OFFICER.dependency: "access_request",
    writes.from_our_pages: "ours",
    csv_from_our_pages: "ours",
}

def asked(dependant):
    found = {GUARDS[dependant.call]} if dependant.call in GUARDS else set()
    return found.union(*map(asked, dependant.dependencies))

print(json.dumps([[route.path, sorted(route.methods), sorted(asked(route.dependant))]
                  for route in create_app().routes]))
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


FOR_ALL = {
    ("POST", "/api/audiences/estimate"),
    ("POST", "/api/audiences/overlap"),
    ("POST", "/api/queries"),
    ("DELETE", f"/api/queries/{SAMPLES['identifier']}"),
}
"""Who may read may ask these; queries of the lake are refused one step later (`test_queries`)."""

Routes = list[tuple[str, list[str]]]
Guards = dict[tuple[str, str], set[str]]


@pytest.fixture(scope="module")
def listed(airflow: AirflowServer) -> list[tuple[str, list[str], list[str]]]:
    """Every route of the app with its methods and guards, its parameters filled in with what exists."""
    found = json.loads(airflow.run_python(LIST_ROUTES).splitlines()[-1])
    assert len(found) > 8
    filled = (re.sub(r"{(\w+)(:\w+)?}", lambda m: SAMPLES[m[1]], path) for path, _, _ in found)
    return [(path, *rest) for path, (_, *rest) in zip(filled, found, strict=True)]


@pytest.fixture(scope="module")
def routes(listed: list[tuple[str, list[str], list[str]]]) -> Routes:
    """The routes without their guards."""
    return [(path, methods) for path, methods, _ in listed]


@pytest.fixture(scope="module")
def guards(listed: list[tuple[str, list[str], list[str]]]) -> Guards:
    """What each route asks for."""
    return {(method, path): {*asked} for path, methods, asked in listed for method in methods}


def call(airflow: AirflowServer, user: str, method: str, path: str, headers: dict[str, str]) -> int:
    """The status of an answer to a request of a user, in whose body there is nothing of use."""
    kind = "text/csv" if path.endswith("/list") else "application/json"
    session = airflow.session(user) if user not in SESSIONS else SESSIONS[user]
    SESSIONS[user] = session
    return session.request(
        method, f"{airflow.url}/perennial{path}", data="{}", headers={"content-type": kind, **headers},
        allow_redirects=False, timeout=60,
    ).status_code  # fmt: skip


SESSIONS: dict[str, requests.Session] = {}


def test_every_change_asks_for_a_right_and_for_our_pages(guards: Guards) -> None:
    for (method, path), asked in guards.items():
        assert "read" in asked, path
        if method != "GET":
            assert "ours" in asked, (method, path)
            assert (asked - {"read", "ours"}) or (method, path) in FOR_ALL, (method, path)


def test_a_viewer_is_refused_what_asks_for_more(airflow: AirflowServer, guards: Guards) -> None:
    more = [each for each, asked in guards.items() if asked - {"read", "ours", "export"}]
    assert len(more) > 15
    for method, path in more:
        assert call(airflow, "vic", method, path, {"x-perennial": "1"}) == 403, (method, path)


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site", "origin": "https://evil.example"},
     {"content-type": "text/plain", "x-perennial": "1"},
     {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}],
)  # fmt: skip
def test_another_site_changes_nothing(
    airflow: AirflowServer, guards: Guards, headers: dict[str, str]
) -> None:
    writes = [each for each in guards if each[0] != "GET"]
    assert len(writes) > 10
    for method, path in writes:
        assert call(airflow, "admin", method, path, headers) in (403, 415), (method, path)


def test_every_page_has_the_policy_and_nothing_inline(airflow: AirflowServer, routes: Routes) -> None:
    admin = airflow.session("admin")
    pages = [
        path for path, methods in routes if "GET" in methods and not path.startswith(("/api", "/static"))
    ]
    assert len(pages) > 12
    for path in pages:
        answer = admin.get(f"{airflow.url}/perennial{path}", headers={"accept": "text/html"}, timeout=60)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        inline = re.search(
            r"<script(?![^>]*(src=|application/json))|\sstyle=|\son\w+=|javascript:", answer.text
        )
        assert not inline, (path, inline)


@pytest.mark.parametrize("user", [None, "admin"])
def test_whom_somebody_looks_up_is_not_in_the_log(airflow: AirflowServer, user: str | None) -> None:
    session, canary = airflow.session(user), f"canary.{user}@example.com"
    for path in (
        "/people?q={}",
        "/api/audiences/best/eligibility?person={}",
        "/api/queries?search={}&most=7",
    ):
        address = f"{airflow.url}/perennial{path.format(canary)}"
        session.get(address, headers={"accept": "text/html"}, allow_redirects=user is None, timeout=60)
    session.get(f"{airflow.url}/perennial/api/queries?most=8", timeout=60)
    deadline, log = time.monotonic() + 20, airflow.home / "api-server.log"
    while "most=8" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "most=8" in log.read_text()
    assert "path=/perennial/people query=" in log.read_text()
    assert "canary" not in log.read_text()


@pytest.mark.parametrize("user", [None, "vic"])
def test_a_body_has_a_greatest_length_whoever_sends_it(airflow: AirflowServer, user: str | None) -> None:
    """It is read before it is known who that is."""
    headers = {"content-type": "application/json", "x-perennial": "1"}
    session, address = airflow.session(user), f"{airflow.url}/perennial/api/queries"

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * (1 << 20)

    for body in (b" " * (33 << 20), endless()):
        answer = session.post(address, data=body, headers=headers, timeout=60)
        assert (answer.status_code, answer.json()) == (413, {"detail": "A request has at most 32 MB."})


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
