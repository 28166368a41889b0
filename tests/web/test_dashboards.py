"""The dashboards that the product brings: every query runs, and a mistake in a document is explained."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from web.example_store import LAST

from perennial.documents import DocumentError
from perennial.settings import REPOSITORY
from perennial.web.dashboards import Dashboard, load_dashboards
from perennial.web.days import days_of
from perennial.web.periods import PERIODS
from perennial.web.results import payload
from perennial.web.selections import select
from perennial.web.store import Store

BOARDS = load_dashboards(REPOSITORY / "include")
WIDGETS = [(board.name, widget.id) for board in BOARDS.values() for widget in board.widgets]


def test_the_boards_of_the_round_trip_are_there() -> None:
    wanted = [
        "overview",
        "customer_value",
        "segments",
        "lifetime_value",
        "profiles",
        "audiences",
        "audience_comparison",
        "audience_overlaps",
        "left_behind",
        "destinations",
        "email_responses",
        "campaign_lift",
        "campaign_history",
        "sales",
        "signals",
        "bots",
    ]
    assert list(BOARDS) == wanted


@pytest.mark.store
@pytest.mark.parametrize(("board", "widget_id"), WIDGETS)
def test_every_widget_has_rows_and_the_columns_that_it_draws(
    filled: Store, board: str, widget_id: str
) -> None:
    dashboard = BOARDS[board]
    widget = dashboard.widget(widget_id)
    assert widget is not None
    shown = payload(widget, select(dashboard, LAST, None, {}), filled)
    assert shown["rows"]
    columns = {column["name"] for column in shown["columns"]}
    assert {role.column for role in widget.encodings} <= columns
    assert widget.previous is None or widget.previous in columns


@pytest.mark.store
@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_every_widget_runs_for_every_period_and_choice_and_a_day_without_data(
    filled: Store, board: Dashboard
) -> None:
    for widget in board.widgets:
        for period in PERIODS:
            filled.query(widget.sql, select(board, LAST, period, {}).parameters)
        for one in board.filters:
            offered = [choice.value for choice in one.choices]
            offered += [str(row[0]) for row in filled.query(one.offers).rows] if one.offers else []
            for value in offered:
                filled.query(widget.sql, select(board, LAST, None, {one.name: value}).parameters)
        filled.query(widget.sql, select(board, date(1900, 1, 1), 0, {}).parameters)


@pytest.mark.store
@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_days_lead_to_the_latest_and_a_stage_says_figure_and_day(filled: Store, board: Dashboard) -> None:
    assert days_of(board, filled, None).shown == LAST
    for stage in board.stages:
        figure, day = filled.query(stage.sql, limit=1).rows[0]
        assert figure > 0
        assert date(2017, 12, 30) <= day <= LAST


@pytest.mark.store
def test_shares_add_up_to_the_whole(filled: Store) -> None:
    board = BOARDS["customer_value"]
    widget = board.widget("spend_by_decile")
    assert widget is not None
    rows = filled.query(widget.sql, select(board, LAST, None, {"lookback": "3m"}).parameters).rows
    assert [row[0] for row in rows] == list(range(1, 11))
    assert float(sum(row[2] for row in rows)) == pytest.approx(1)


@pytest.mark.store
@pytest.mark.parametrize("lookback", ["1m", "lifetime"])
def test_who_moved_into_a_decile_or_stayed_there_are_all_of_its_customers(
    filled: Store, lookback: str
) -> None:
    board = BOARDS["customer_value"]

    def shown(name: str) -> list[tuple[Any, ...]]:
        widget = board.widget(name)
        assert widget is not None
        parameters = select(board, LAST, None, {"lookback": lookback}).parameters
        return list(filled.query(widget.sql, parameters).rows)

    cells = [(then, now, int(said or 0)) for then, now, _, said in shown("moves")]
    sizes = {str(decile): customers for decile, customers, *_ in shown("deciles")}
    assert len(sizes) == 10
    into: Counter[str] = Counter()
    for _, now, customers in cells:
        into[now] += customers
    assert {decile: into[decile] for decile in sizes} == sizes
    # Nobody leaves a lifetime, so that there is no place for them.
    assert ("None" in into) is (lookback == "1m")
    summary = {movement: customers for movement, customers, _ in shown("moved")}
    assert list(summary) == ["Climbed", "Stayed", "Fell", "Came", "Left"]
    assert summary["Stayed"] == sum(customers for then, now, customers in cells if then == now)
    assert summary["Came"] == sum(customers for then, _, customers in cells if then == "None")
    assert summary["Left"] == into["None"]
    assert summary["Climbed"] == sum(
        customers for then, now, customers in cells if "None" not in (then, now) and int(now) < int(then)
    )
    assert sum(summary.values()) == sum(customers for *_, customers in cells)


@pytest.mark.store
def test_before_a_month_has_a_last_day_to_compare_with_nothing_is_said_of_movement(filled: Store) -> None:
    board = BOARDS["customer_value"]
    for name in ("moves", "moved", "moved_by_day"):
        widget = board.widget(name)
        assert widget is not None
        assert not filled.query(widget.sql, select(board, date(2017, 12, 1), None, {}).parameters).rows
        assert "recompute_days" in widget.empty


def test_widgets_lead_to_dashboards_and_filters_that_there_are() -> None:
    drills = [(one, one.drill) for board in BOARDS.values() for one in board.widgets if one.drill]
    assert drills
    for _, drill in drills:
        assert (drill.filters or {}).keys() <= {one.name for one in BOARDS[drill.dashboard].filters}


GOOD = "title: T\nwidgets:\n  - {id: a, title: A, mark: table, sql: 'SELECT 1'}\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("mark: table", "mark: pie"), "widgets.0.mark: Input should be 'bar'"),
        (("mark: table", "mark: bar"), "a bar needs x, y"),
        (("SELECT 1", "SELECT $nobody"), "widget a uses $nobody; known: $day, $from_day"),
        (("id: a", "id: ../a"), "widgets.0.id: String should match"),
        (("title: T", "title: T\ncolour: red"), "colour: Extra inputs"),
        (("title: A", "title: A, width: 13"), "widgets.0.width: Input should be less than or equal to 12"),
        (
            ("widgets:\n", "filters: [{name: day, title: D, sql: x}]\nwidgets:\n"),
            "day is taken by the day picker",
        ),
        (
            ("widgets:\n", "filters: [{name: a, title: A, column: b}]\nwidgets:\n"),
            "a filter needs choices, sql",
        ),
        (
            ("widgets:\n", "filters: [{name: a, title: A, column: b.c, default: [x]}]\nwidgets:\n"),
            "only a filter with `multiple: true`",
        ),
        (("title: T", "title: T\nperiod: next_month"), "expected a number of days"),
        (("mark: table", "mark: text"), "a text asks for nothing"),
        (("mark: table", "mark: table, text: Hello"), "only `mark: text` has a text"),
    ],
)
def test_a_mistake_is_explained_with_its_place(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    folder = tmp_path / "dashboards"
    folder.mkdir()
    (folder / "mine.yaml").write_text(GOOD)
    assert list(load_dashboards(tmp_path)) == ["mine"]
    (folder / "mine.yaml").write_text(GOOD.replace(*change))
    with pytest.raises(DocumentError) as error:
        load_dashboards(tmp_path)
    assert "mine.yaml" in str(error.value)
    assert said in str(error.value)
