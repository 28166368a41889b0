"""Dashboards on paper: text that fits, rows that are not torn, pages that are one PDF with text in it."""

from datetime import date
from typing import Any

import pytest
from web.pdf_text import pages as texts

from perennial.web.dashboards import Dashboard
from perennial.web.pdf_files import NotUnderstood, join
from perennial.web.print_pages import HEIGHT, Heading, pages, picture, rows
from perennial.web.print_text import cut, text, width_of, wrapped
from perennial.web.print_tiles import Tile, tiles
from perennial.web.printing import facts, printed
from perennial.web.selections import select
from perennial.web.store import Store
from perennial.web.themes import THEMES
from perennial.web.widgets import Widget

HEADING = Heading("Board", "What it shows", "As of 31 Dec 2017")


def widget(**said: Any) -> Widget:
    return Widget.model_validate({"id": "a", "title": "A", "mark": "table", "sql": "SELECT 1", **said})


def data(rows: list[list[Any]], spec: Any = None) -> dict[str, Any]:
    columns = [
        {
            "name": f"c{n}",
            "title": f"C{n}",
            "kind": "nominal",
            "numeric": False,
            "format": None,
            "hidden": False,
        }
        for n in range(len(rows[0]) if rows else 1)
    ]
    return {"columns": columns, "rows": rows, "spec": spec, "truncated": False}


def test_widths_are_those_of_the_fonts_metrics() -> None:
    # Helvetica: H 722, e 556, l 222, l 222, o 556 thousandths of the size.
    assert width_of("Hello", 10) == pytest.approx(22.78)


def test_text_is_cut_where_its_room_ends() -> None:
    assert cut("Short", 100, 12) == "Short"
    long = cut("Much too long a title for this tile", 100, 12)
    assert long.endswith("…")
    assert width_of(long, 12) <= 100
    lines = wrapped("one two three four five six", 50, 12, 2)
    assert len(lines) == 2
    assert lines[0] == "one two"
    assert all(width_of(line, 12) <= 50 for line in lines)


def test_what_a_person_wrote_is_text_and_no_markup() -> None:
    said = text(0, 0, "</text><script>&\x00\x1b", 12)
    assert "&lt;/text&gt;&lt;script&gt;&amp;</text>" in said


def test_tiles_fill_rows_as_in_the_browser() -> None:
    widths = [3, 3, 6, 8, 6, 12]
    shown = [Tile(width, 100, widget(), None) for width in widths]
    assert [[tile.columns for tile, _ in row] for row in rows(shown)] == [[3, 3, 6], [8], [6], [12]]
    assert [round(x) for _, x in rows(shown)[0]] == [40, 334, 628]


def test_a_row_that_has_no_room_begins_the_next_page() -> None:
    made = pages(HEADING, [Tile(12, 300, widget(id=f"w{n}"), None) for n in range(5)])
    assert len(made) == 3
    assert [page.svg.count('rx="10"') for page in made] == [2, 2, 1]
    assert "Page 3 of 3" in made[2].svg
    assert "What it shows" in made[0].svg
    assert "What it shows" not in made[1].svg
    assert all(f'{HEIGHT:.1f}"' in page.svg for page in made)


def test_one_picture_is_as_long_as_its_tiles() -> None:
    short, long = (
        picture(HEADING, [Tile(12, 300, widget(), None)] * many).svg.split('"')[7].split()[-1]
        for many in (1, 6)
    )
    assert float(long) - float(short) == 5 * (300 + 16)


def test_a_long_table_goes_on_where_it_is_as_wide_as_the_page_and_says_what_is_left_elsewhere() -> None:
    many = data([[f"row {n}"] for n in range(50)])
    wide = list(tiles(widget(width=12), many))
    assert [tile.first for tile in wide] == [0, 21, 42]
    svg = "".join(page.svg for page in pages(HEADING, wide))
    assert all(f">row {n}<" in svg for n in range(50))
    assert "A (continued)" in svg
    narrow = list(tiles(widget(width=6), many))
    assert len(narrow) == 1
    assert "29 more rows: the CSV has all of them." in pages(HEADING, narrow)[0].svg


def test_a_number_says_its_value_its_unit_and_how_it_moved() -> None:
    number = widget(
        mark="number", y="c0", unit="people", previous="c1", previous_label="last week", better="higher"
    )
    shown = data([[1200, 1000]])
    for column in shown["columns"]:
        column |= {"kind": "quantitative", "numeric": True}
    svg = pages(HEADING, tiles(number, shown))[0].svg
    for said in (">1200<", ">people<", ">+20.0%<", ">vs last week<", THEMES["light"].good):
        assert said in svg


def test_a_text_is_as_high_as_its_lines() -> None:
    prose = Widget.model_validate(
        {"id": "a", "title": "Why", "mark": "text", "text": "One.\n\n- two", "width": 4}
    )
    (tile,) = tiles(prose, None)
    svg = pages(HEADING, [tile])[0].svg
    for said in (">Why<", ">One.<", ">•<", ">two<"):
        assert said in svg
    assert tile.height < 120


def test_what_cannot_be_shown_says_why() -> None:
    svg = pages(HEADING, tiles(widget(empty="Nobody came."), data([])))[0].svg
    assert ">Nobody came.<" in svg
    svg = pages(HEADING, tiles(widget(), None, "The query took too long."))[0].svg
    assert ">The query took too long.<" in svg


def test_what_is_no_page_is_refused() -> None:
    with pytest.raises(NotUnderstood):
        join([b"%PDF-1.7 nothing"], "T")


@pytest.mark.store
def test_what_is_selected_is_said_with_all_its_values(filled: Store) -> None:
    several = {"name": "department", "title": "Department", "column": "department", "multiple": True,
               "choices": [{"value": "DELI", "label": "Deli"}]}  # fmt: skip
    board = Dashboard.model_validate({"name": "b", "title": "B", "filters": [several], "widgets": []})
    asked = {"department": ["DELI", "MEAT"], "pick.decile": ["3"], "from.decile": "w"}
    chosen = select(board, date(2017, 12, 31), None, asked)
    assert facts(board, chosen, filled) == "As of 31 Dec 2017 · Department: Deli, MEAT · Decile: 3"
    nothing = select(board, date(2017, 12, 31), None, {})
    assert facts(board, nothing, filled) == "As of 31 Dec 2017 · Department: all"


@pytest.mark.store
def test_a_dashboard_is_one_pdf_with_its_text_on_numbered_pages(
    filled: Store, dashboards: dict[str, Dashboard]
) -> None:
    board = dashboards["customer_value"]
    selection = select(board, date(2017, 12, 31), None, {"lookback": "3m"})
    found = printed(board, selection, filled, ("pdf", "png"))
    said = texts(found["pdf"])
    assert len(said) == 4
    assert "Customer value" in said[0]
    assert "As of 31 Dec 2017 · Last 30 days · Spend over: Last 3 months" in said[0]
    for number, page in enumerate(said, start=1):
        assert f"Page {number} of 4" in page
    whole = "".join(said)
    assert all(one.title in whole for one in board.widgets)
    assert "Grocery" in whole, "what charts say is text, too"
    assert found["png"].startswith(b"\x89PNG")
    assert b"/Title <FEFF" + "Customer value".encode("utf-16-be").hex().encode() + b">" in found["pdf"]
