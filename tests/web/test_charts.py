"""Specifications: Vega compiles each without a warning, and draws each in both themes."""

import re
from datetime import date
from typing import Any

import pytest
import vl_convert
from web.example_store import LAST

from perennial.settings import REPOSITORY
from perennial.web import vega_process
from perennial.web.charts import MARKS, chart
from perennial.web.dashboards import load_dashboards
from perennial.web.images import draw, picture_config, whole
from perennial.web.results import plain, records
from perennial.web.selections import select
from perennial.web.store import Column, Store
from perennial.web.themes import THEMES, ThemeName, vega_config
from perennial.web.vega_process import DrawingFailed, DrawingTimedOut
from perennial.web.widgets import RULED, Mark, Widget

BOARDS = load_dashboards(REPOSITORY / "include")
DRAWN = [(b.name, w.id) for b in BOARDS.values() for w in b.widgets if w.mark is not Mark.TABLE]
COLUMNS = (
    Column("day", "temporal"),
    Column("kind", "nominal"),
    Column("amount", "quantitative"),
    Column("n", "quantitative"),
)
ROWS = [("2017-12-30", "a", 1200.5, 1), ("2017-12-31", "a", -3, 2), ("2017-12-30", "b", None, 3)]
RECORDS = [dict(zip([c.name for c in COLUMNS], map(plain, row), strict=True)) for row in ROWS]
ROLES: list[dict[str, Any]] = [
    {"x": "day", "y": "amount"},
    {"x": "day", "y": "amount", "color": "kind"},
    {"x": "day", "y": "amount", "color": {"column": "n", "type": "ordinal", "sort": "descending"}},
    {"x": "kind", "y": "amount", "color": "n"},
    {"x": {"column": "amount", "format": "money"}, "y": "kind", "color": "n", "label": "kind"},
    {
        "x": "n",
        "y": "amount",
        "color": "kind",
        "stack": "group",
        "label": {"column": "n", "format": "percent"},
    },
    {"x": {"column": "kind", "sort": ["b", "a"]}, "y": "n", "color": "amount", "stack": "normalize"},
]


def written(values: list[float], format: str, kinds: tuple[str, ...] = (), mark: str = "line") -> set[str]:
    """All words of a chart of these values."""
    roles = {"id": "w", "title": "W", "sql": "SELECT 1", "mark": mark, "x": "kind"}
    columns = [Column("kind", "nominal"), Column("n", "quantitative")]
    spec = chart(Widget.model_validate(roles | {"y": {"column": "n", "format": format}}), columns)
    assert spec is not None
    names = kinds or tuple(map(str, range(len(values))))
    rows = [{"kind": kind, "n": value} for kind, value in zip(names, values, strict=True)]
    picture = draw(spec, rows, "svg", "light", (400, 300)).decode()
    return set(re.findall(r">([^<>]+)</t(?:ext|span)>", picture))


@pytest.mark.parametrize(
    ("values", "format", "ticks", "not_ticks"),
    [
        ([200, 1000], "integer", {"200", "1k"}, {"0.2k"}),
        ([2468, 2469], "integer", {"2,468", "2,469"}, {"2.468k", "2.4682k", "2,468.2"}),
        ([-1, 1], "change", {"+1", "−1"}, {"+0.5"}),
        ([500, 3000], "money", {"$500", "$1k", "$3k"}, {"$0.5k"}),
        ([5000, 25_000], "integer", {"5k", "25k"}, {"5,000"}),
        ([0, 3e9], "compact", {"0", "1B"}, {"1G"}),
    ],
)
def test_ticks_of_a_short_axis_are_written_out(
    values: list[float], format: str, ticks: set[str], not_ticks: set[str]
) -> None:
    found = written(values, format)
    assert ticks <= found
    assert not not_ticks & found


def test_names_below_narrow_bands_stand_in_lines() -> None:
    names = tuple(f"Left something {n}" for n in range(30))
    assert {"Left something 0", "Left something 1"} <= written([1] * 2, "integer", names[:2], "bar")
    assert {"Left", "something", "4"} <= written([1] * 5, "integer", names[:5], "bar")
    assert {"Left something 0"} <= written([1] * 30, "integer", names, "bar")


@pytest.mark.parametrize(
    ("values", "ticks"), [((8, 55), ("10", "50")), ((0.1, 0.9), ("0.2", "0.8")), ((0, 5200), ("0", "5,000"))]
)
def test_a_decimal_axis_is_written_out(values: tuple[float, float], ticks: tuple[str, str]) -> None:
    y = {"column": "mean", "format": "decimal"}
    roles = {"id": "w", "title": "W", "sql": "SELECT 1", "mark": "bar", "x": "kind", "y": y}
    columns = [Column("kind", "nominal"), Column("mean", "quantitative")]
    spec = chart(Widget.model_validate(roles), columns)
    assert spec is not None
    rows = [{"kind": str(n), "mean": value} for n, value in enumerate(values)]
    picture = draw(spec, rows, "svg", "light", (400, 300)).decode()
    assert all(f">{tick}</text>" in picture for tick in ticks)
    assert "e+" not in picture


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("roles", ROLES)
def test_every_mark_draws_every_kind_of_column(
    mark: Mark, roles: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    if mark in (Mark.DONUT, Mark.HEATMAP, Mark.COHORT):
        roles = {"color": "kind", **roles}
    if mark is Mark.DONUT:
        roles = {**roles, "y": "n"}
    if mark is Mark.INTERVAL:
        roles = {**roles, "low": "amount", "high": "n"}
    widget = Widget.model_validate({"id": "w", "title": "W", "sql": "SELECT 1", "mark": mark, **roles})
    _compiles(widget, list(COLUMNS), RECORDS, capfd)


@pytest.mark.store
@pytest.mark.parametrize(("board", "widget_id"), DRAWN)
def test_every_widget_compiles(
    board: str, widget_id: str, filled: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    dashboard = BOARDS[board]
    widget = dashboard.widget(widget_id)
    assert widget is not None
    result = filled.query(widget.sql, select(dashboard, LAST, None, {}).parameters)
    if chart(widget, result.columns) is None:
        assert widget.mark is Mark.NUMBER
        assert widget.x is None
    else:
        _compiles(widget, list(result.columns), records(result), capfd)


def _compiles(
    widget: Widget, columns: list[Column], rows: list[dict[str, Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    spec = chart(widget, columns)
    if spec is None:
        assert widget.mark is Mark.NUMBER
        return
    assert "#" not in str({key: part for key, part in spec.items() if key != "$schema"}), (
        "colours belong to the themes"
    )
    for theme in THEMES:
        vl_convert.vegalite_to_vega(spec, config=vega_config(theme), show_warnings=True)
        svg = vl_convert.vegalite_to_svg(whole(spec, rows, (400, 200)), config=picture_config(theme))
        assert "NaN" not in svg
    assert "WARN" not in (said := "".join(capfd.readouterr())), said


def test_a_cell_that_is_too_narrow_for_its_label_says_it_in_the_tooltip_alone() -> None:
    share = {"column": "share", "format": "percent"}
    roles = {"id": "w", "title": "W", "sql": "S", "mark": "heatmap", "x": "n", "y": "kind"}
    widget = Widget.model_validate({**roles, "color": share, "label": share})
    spec = chart(widget, [Column("n", "nominal"), Column("kind", "nominal"), Column("share", "quantitative")])
    assert spec is not None
    rows = [{"n": str(n), "kind": "a", "share": 0.12} for n in range(10)]
    seen = [draw(spec, rows, "svg", "light", (width, 200)).decode() for width in (800, 200)]
    hidden = [re.findall(r'opacity="0"[^>]*>12%</text>', picture) for picture in seen]
    assert [len(labels) for labels in hidden] == [0, 10]


def test_areas_lie_upon_each_other_as_the_query_orders_them_the_first_on_top() -> None:
    roles = {"id": "w", "title": "W", "sql": "S", "mark": "area", "x": "day", "y": "n", "color": "kind"}
    columns = [Column("day", "temporal"), Column("kind", "nominal"), Column("n", "quantitative")]
    spec = chart(Widget.model_validate(roles), columns)
    assert spec is not None
    names = ("zebra", "ant", "mouse")
    rows = [{"day": f"2017-12-0{day}", "kind": kind, "n": 1} for kind in names for day in (1, 2, 3)]
    picture = draw(spec, rows, "svg", "light", (400, 300)).decode()
    tops: dict[str, float] = {}
    for path in re.findall(r"<path aria-label[^>]*>", picture):
        fill, start = re.search(r'fill="(#\w+)"', path), re.search(r' d="M[\d.]+,([\d.]+)', path)
        if fill and start:
            tops.setdefault(fill[1], float(start[1]))
    assert sorted(tops, key=lambda fill: tops[fill])[:3] == list(THEMES["light"].category[:3])


@pytest.mark.parametrize("theme", THEMES)
def test_a_picture_has_the_themes_colours(theme: ThemeName) -> None:
    widget = Widget.model_validate(
        {"id": "w", "title": "W", "sql": "S", "mark": "bar", "x": "kind", "y": "n"}
    )
    spec = chart(widget, COLUMNS)
    assert spec is not None
    svg = draw(spec, RECORDS, "svg", theme, (400, 200)).decode()
    assert THEMES[theme].accent in svg
    assert THEMES[theme].card in svg
    assert draw(spec, RECORDS, "png", theme, (400, 200)).startswith(b"\x89PNG")


def test_a_day_is_the_same_day_in_every_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = Widget.model_validate({"id": "w", "title": "W", "sql": "S", "mark": "bar", "x": "day", "y": "n"})
    spec = chart(widget, COLUMNS)
    assert spec is not None
    for zone in ("America/Los_Angeles", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        svg = draw(spec, RECORDS, "svg", "light", (400, 200)).decode()
        assert "30 Dec" in svg
        assert "29 Dec" not in svg


def test_what_vega_cannot_draw_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DrawingFailed, match="Vega cannot draw this svg: "):
        draw(
            {"mark": "bar", "encoding": {"x": {"field": "a", "bin": 3, "type": "?"}}, "layer": 7},
            [],
            "svg",
            "light",
            (9, 9),
        )
    monkeypatch.setattr(vega_process, "PATIENCE_S", 0.001)
    with pytest.raises(DrawingTimedOut):
        draw({"mark": "bar"}, [], "svg", "light", (9, 9))


def _picture(columns: dict[str, str], rows: list[tuple[Any, ...]], **said: Any) -> str:
    known = [Column(name, kind) for name, kind in columns.items()]  # type: ignore[arg-type]
    widget = Widget.model_validate({"id": "w", "title": "W", "sql": "S", **said})
    spec = chart(widget, known)
    assert spec is not None
    return draw(
        spec, [dict(zip(columns, row, strict=True)) for row in rows], "svg", "light", (600, 300)
    ).decode()


def test_a_funnel_says_what_is_left_of_the_first_in_the_querys_order() -> None:
    rows = [("sent", 400), ("opened", 100), ("bought", 6)]
    columns = {"stage": "nominal", "people": "quantitative"}
    picture = _picture(columns, rows, mark="funnel", x={"column": "people", "format": "integer"}, y="stage")
    said = re.findall(r">([^<>]+)</text>", picture)
    assert [text for text in said if "%" in text] == [
        "400 · 100%",
        "100 · 25%",
        "6 · 2%",
    ]
    assert [text for text in said if text in {"sent", "opened", "bought"}] == ["sent", "opened", "bought"]


def test_a_histogram_adds_up_how_often_values_occur() -> None:
    columns, rows = {"value": "quantitative", "times": "quantitative"}, [(1, 5), (1.5, 10), (58, 7)]
    weighted = _picture(columns, rows, mark="histogram", x="value", y="times")
    assert "Times: 15" in weighted
    counted = _picture(columns, rows, mark="histogram", x="value")
    assert "Rows: 2" in counted


def test_a_cohort_grid_has_its_periods_above_and_its_shares_in_the_cells() -> None:
    columns = {"month": "temporal", "after": "quantitative", "share": "quantitative"}
    rows = [("2017-01-01", 0, 1), ("2017-01-01", 1, 0.4), ("2017-02-01", 0, 1)]
    said = {
        "x": {"column": "after", "type": "ordinal"},
        "y": "month",
        "color": {"column": "share", "format": "percent"},
    }
    picture = _picture(columns, rows, mark="cohort", legend="none", **said)
    assert picture.count(">100%</text>") == 2
    assert ">Jan 2017</text>" in picture


def test_intervals_have_their_ends_and_a_line_through_zero() -> None:
    columns = {"decile": "quantitative", "found": "quantitative", "a": "quantitative", "b": "quantitative"}
    rows = [(1, 2.5, -1, 6), (2, 4, 3, 5), (3, None, None, None)]
    said = {"x": {"column": "found", "title": "Dollars"}, "y": "decile", "low": "a", "high": "b"}
    picture = _picture(columns, rows, mark="interval", **said)
    assert "Dollars: 2.5; decile: 1; Decile: 1; A: −1; B: 6" in picture
    assert picture.count('aria-roledescription="rule mark"') == 2, "nothing is drawn of what is not known"


def test_boxes_show_quartiles() -> None:
    columns, rows = {"kind": "nominal", "spend": "quantitative"}, [("a", value) for value in (1, 2, 3, 4, 5)]
    picture = _picture(columns, rows, mark="box", x="kind", y="spend")
    assert "Q3 of spend: 4; Median of spend: 3; Q1 of spend: 2; Min of spend: 1" in picture


@pytest.mark.parametrize("where", ["right", "none"])
def test_a_legend_is_where_it_is_wanted(where: str) -> None:
    columns, rows = {"kind": "nominal", "n": "quantitative"}, [("first", 1), ("second", 2)]
    picture = _picture(columns, rows, mark="bar", x="kind", y="n", color="kind", legend=where)
    assert ("role-legend" in picture) == (where != "none")


@pytest.mark.parametrize("mark", sorted(RULED))
def test_a_line_is_drawn_once_where_its_value_is(mark: str) -> None:
    said = {"mark": mark, "x": "day", "y": "spend", "lines": [{"value": 15, "label": "Aim"}]}
    if mark in ("box", "histogram", "scatter"):
        said |= {"x": "spend", "y": "spend"} if mark != "box" else {"x": "kind"}
    columns = {"day": "temporal", "spend": "quantitative", "kind": "nominal"}
    rows = [(f"2017-12-{day:02}", spend, "a") for day, spend in ((1, 10), (2, 30), (3, 20))]
    picture = _picture(columns, rows, **said)
    assert picture.count(">Aim<") == 1
    assert picture.count('stroke-dasharray="5,4"') == 1


def test_a_line_at_a_day_stands_at_that_day() -> None:
    rows = [("2017-12-01", 1), ("2017-12-11", 1)]
    line = {"axis": "x", "value": date(2017, 12, 6), "label": "Winter thanks"}
    picture = _picture(
        {"day": "temporal", "n": "quantitative"}, rows, mark="line", x="day", y="n", lines=[line]
    )
    # Of ten days the sixth is in the middle, where both ends of the curve are as far away.
    (dashed,) = re.findall(r'<line [^>]*translate\(([\d.]+),[^>]*stroke-dasharray="5,4"', picture)
    first, last = (float(at) for at in re.findall(r'd="M([\d.]+),[\d.]+L([\d.]+),', picture)[0])
    assert float(dashed) == pytest.approx((first + last) / 2, abs=0.6)


def test_a_mark_without_axes_has_no_lines() -> None:
    with pytest.raises(ValueError, match="a donut has no axes for lines"):
        Widget.model_validate(
            {
                "id": "w",
                "title": "W",
                "sql": "S",
                "mark": "donut",
                "y": "n",
                "color": "kind",
                "lines": [{"value": 1}],
            }
        )
