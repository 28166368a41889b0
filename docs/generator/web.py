"""The routes of the pages in Airflow's UI in; what each answers, and who may ask, out."""

import re
from collections.abc import Iterator
from typing import Any

from generator.markdown import code, first, page, table
from perennial import docstrings
from perennial.web import auth, writes
from perennial.web.audiences_lists import csv_from_our_pages

GUARDS = {
    "READER": "readers",
    "EDITOR": "who may trigger `signals_replay`",
    "AUDIENCE_EDITOR": "who may trigger `audiences`",
    "DASHBOARD_EDITOR": "who may trigger `insights`",
    "EXPORTER": "who may read the XComs of `insights`",
    "ALERTS_EDITOR": "who may trigger `alerts`",
    "PRIVACY_OFFICER": "who may trigger `access_request`",
}
OURS = {writes.from_our_pages, csv_from_our_pages}


def web_page(app: Any) -> str:
    """The page of all routes of the app."""
    routes = [route for route in app.routes if getattr(route, "endpoint", None) is not None]
    said = [route for route in routes if not re.search(r"\{path:path\}|static|icon", route.path)]
    reads = [route for route in said if route.path.startswith("/api")]
    pages = [route for route in said if not route.path.startswith("/api")]
    rights = [
        (GUARDS[name], text) for name, text in docstrings.of_module(auth.__name__).items() if name in GUARDS
    ]
    return page(
        "Pages and API",
        "Below `/perennial` of Airflow's address. Everything asks Airflow's auth manager first; a program"
        " sends a token of Airflow's as `Authorization: Bearer`. Whatever changes something asks for the"
        " header `x-perennial: 1` besides, which no other site can send.",
        "## Rights",
        table(["Right", "Means"], rights),
        "## Pages",
        _routes(pages),
        "## API",
        _routes(reads),
    )


def _routes(routes: list[Any]) -> str:
    rows = []
    for route in sorted(routes, key=lambda each: (each.path, sorted(each.methods))):
        for method in sorted(route.methods - {"HEAD"}):
            asked = [*_asked(route.dependant)]
            rights = list(dict.fromkeys(each for each in asked if each != GUARDS["READER"]))
            rows.append(
                (
                    f"`{method} {route.path}`",
                    first(route.endpoint.__doc__),
                    ", ".join(rights) or "readers",
                    ", ".join(dict.fromkeys(map(code, _parameters(route.dependant)))),
                    _body(route),
                )
            )
    return table(["Request", "Gives or does", "Who may", "Parameters", "Body"], rows)


def _asked(dependant: Any) -> Iterator[str]:
    known = {getattr(auth, name).dependency: said for name, said in GUARDS.items()}
    if dependant.call in known:
        yield known[dependant.call]
    for each in dependant.dependencies:
        yield from _asked(each)


def _parameters(dependant: Any) -> Iterator[str]:
    yield from (each.alias for each in dependant.query_params)
    for each in dependant.dependencies:
        yield from _parameters(each)


def _body(route: Any) -> str:
    names = [
        getattr(each.field_info.annotation, "__name__", each.name) for each in route.dependant.body_params
    ]
    return ", ".join(map(code, names))
