"""A whole dashboard on paper: what is selected and the store in; a PDF, or one picture, out."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Literal

from perennial.web.dashboards import Dashboard
from perennial.web.filters import Filter
from perennial.web.formats import day_text
from perennial.web.pdf_files import join
from perennial.web.periods import period_text
from perennial.web.print_pages import Heading, pages, picture
from perennial.web.print_tiles import Tile, tiles
from perennial.web.results import payload
from perennial.web.selections import Selection
from perennial.web.store import Store, StoreError
from perennial.web.themes import vega_config
from perennial.web.vega_process import run_vega

Kind = Literal["pdf", "png"]


def printed(
    dashboard: Dashboard, selection: Selection, store: Store, kinds: tuple[Kind, ...]
) -> dict[Kind, bytes]:
    """The dashboard in light colours, for each kind that is asked for; the store is asked once.

    :raises StoreError: no query at all could be answered.
    """
    heading = Heading(dashboard.title, dashboard.description, facts(dashboard, selection, store))
    shown = list(_tiles(dashboard, selection, store))
    found: dict[Kind, bytes] = {}
    if "pdf" in kinds:
        wanted = [page.request() for page in pages(heading, shown)]
        found["pdf"] = join(_drawn("pdf", wanted), dashboard.title)
    if "png" in kinds:
        found["png"] = _drawn("png", [picture(heading, shown).request()])[0]
    return found


def facts(dashboard: Dashboard, selection: Selection, store: Store) -> str:
    """What is selected, as a line: the day, the period, and the filters."""
    said = [f"As of {day_text(selection.day)}"]
    if dashboard.uses_period:
        since = selection.period
        said.append(period_text(since, day_text(since) if isinstance(since, date) else ""))
    said += [f"{one.title}: {_label(one, selection, store)}" for one in dashboard.filters]
    said += [f"{wish.title}: {', '.join(wish.values)}" for wish in selection.picks]
    return " · ".join(said)


def _label(filter_: Filter, selection: Selection, store: Store) -> str:
    value = selection.filters[filter_.name]
    values = value if isinstance(value, list) else [value]
    labels = {choice.value: choice.label for choice in filter_.fixed}
    if filter_.offers and not labels.keys() >= set(values):
        rows = store.query(filter_.offers, replace(selection, filters={}).parameters, limit=1_000).rows
        labels |= {str(row[0]): str(row[1]) for row in rows}
    return ", ".join(labels.get(each) or each for each in values) or "all"


def _tiles(dashboard: Dashboard, selection: Selection, store: Store) -> Iterator[Tile]:
    for widget in dashboard.widgets:
        try:
            yield from tiles(widget, payload(widget, selection, store))
        except StoreError as error:
            if error.kind == "unreachable":
                raise
            yield from tiles(widget, None, f"{error.message} {error.hint}")


def _drawn(kind: Kind, wanted: list[dict[str, object]]) -> list[bytes]:
    answer = run_vega("pages", pages=wanted, to=kind, config=vega_config("light"))
    return [base64.b64decode(page) for page in json.loads(answer)]
