"""Who follows the tutorials gets what they promise, and another engine gets the same from the same files."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl
import psycopg
import pytest
from conftest import Store as Urls
from provider_round import provider
from tutorials import Shop, days_of

from perennial.web.dashboards import load_dashboards
from perennial.web.results import payload
from perennial.web.selections import select
from perennial.web.store import Store

pytestmark = pytest.mark.store
LAST, SENT = date(2026, 7, 1), date(2026, 6, 11)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, store: Urls) -> Shop:
    """After the first tutorial."""
    shop = Shop.open(tmp_path_factory.mktemp("tutorial"), store.url)
    shop.follow("own_data")
    assert [dag for dag, _ in shop.runs()] == ["signals_history", "recompute_days"]
    assert days_of(shop.runs()[-1][1])[-1] == LAST
    shop.answer()
    return shop


@pytest.fixture(scope="module")
def audiences(shop: Shop) -> Shop:
    """After the second one."""
    shop.follow("first_audience")
    assert [dag for dag, _ in shop.runs()] == ["recompute_days"]
    shop.answer()
    return shop


@pytest.fixture(scope="module")
def campaign(audiences: Shop) -> Iterator[Shop]:
    """After the third one."""
    audiences.follow("first_campaign")
    with provider(audiences.workspace.settings, audiences.folder / ".shop") as audiences.esp:
        audiences.answer()
        yield audiences


def orders(shop: Shop, question: str) -> list[tuple]:
    """What DuckDB says of the file of orders, without those who give none."""
    return duckdb.execute(question.replace("orders", f"'{shop.folder / 'orders.csv'}'")).fetchall()


def lots(shop: Shop) -> dict[str, str]:
    """Which arm everybody drew."""
    with psycopg.connect(shop.store) as connection:
        return dict(connection.execute("SELECT person_id, arm FROM activation.assignment").fetchall())


def members(shop: Shop, audience: str, day: date) -> set[str]:
    rows = shop.workspace.lake.membership.scan().filter(pl.col("status") != "exited")
    return set(rows.filter(audience=audience, as_of=day).collect()["person_id"])


def test_customers_are_ranked_as_another_engine_ranks_them(shop: Shop) -> None:
    profiles = shop.workspace.lake.profiles.scan().filter(as_of=LAST).collect()
    found = dict(profiles.select("person_id", "spend_lifetime_decile").rows())
    expected = orders(
        shop,
        "SELECT customer, ntile(10) OVER (ORDER BY sum(total::DECIMAL(18, 2)) DESC, customer)"
        f" FROM orders WHERE ordered_at < '{LAST}' GROUP BY customer",
    )
    assert found == dict(expected)


def test_the_dashboard_has_something_to_show(shop: Shop, store: Urls) -> None:
    for widget, rows in shown(shop, store, "overview", LAST - timedelta(days=1)).items():
        assert None not in rows[-1], widget


def shown(shop: Shop, store: Urls, name: str, day: date) -> dict[str, list]:
    """The rows of each widget of a dashboard: each has some."""
    board = load_dashboards(shop.folder / "shop")[name]
    reader = Store(lambda: store.reader_url, timeout_s=5)
    try:
        found = {w.id: payload(w, select(board, day, None, {}), reader)["rows"] for w in board.widgets}
    finally:
        reader.close()
    for widget, rows in found.items():
        assert rows, widget
    return found


def test_an_audience_has_those_of_whom_its_rule_holds(audiences: Shop) -> None:
    for day in (LAST, LAST - timedelta(days=6)):
        expected = orders(
            audiences,
            f"SELECT customer FROM orders WHERE ordered_at < '{day}' GROUP BY customer"
            f" HAVING max(ordered_at) < DATE '{day}' - 14 AND max(ordered_at) >= DATE '{day}' - 26 * 7",
        )
        assert members(audiences, "worth_a_reminder", day) == {name for (name,) in expected}


def test_an_audience_of_an_audience_has_the_best_of_it(audiences: Shop) -> None:
    reminded = members(audiences, "worth_a_reminder", LAST)
    assert len(reminded) > 30
    ranked = orders(
        audiences,
        f"SELECT customer FROM orders WHERE ordered_at < '{LAST}' GROUP BY customer"
        " QUALIFY ntile(10) OVER (ORDER BY sum(total::DECIMAL(18, 2)) DESC, customer) <= 3"
        " ORDER BY sum(total::DECIMAL(18, 2)) DESC, customer",
    )
    assert members(audiences, "letters", LAST) == set([name for (name,) in ranked if name in reminded][:20])


def test_half_of_those_who_qualify_are_sent_the_campaign(campaign: Shop) -> None:
    qualified = members(campaign, "worth_a_reminder", SENT)
    arms = lots(campaign)
    held_out = {person for person, arm in arms.items() if arm == "held_out"}
    assert set(arms) == qualified
    assert campaign.report is not None
    assert (campaign.report.held_out, campaign.report.suppressed) == (len(held_out), 0)
    assert 0.3 < len(held_out) / len(arms) < 0.7
    sent = campaign.workspace.lake.email_events.scan().filter(event_type="sent").collect()
    assert set(sent["person_id"]) == qualified - held_out
    assert sent["event_time"].unique().to_list() == [datetime(2026, 6, 11, 9, tzinfo=UTC)]


def test_the_lift_is_the_difference_of_what_both_halves_spent(campaign: Shop, store: Urls) -> None:
    rows = shown(campaign, store, "campaign_lift", SENT)
    assert rows["by_campaign"][0][0] == "We miss you"
    arms = lots(campaign)
    with psycopg.connect(campaign.store) as connection:
        ((difference, low, high),) = connection.execute(
            "SELECT difference, low, high FROM insights.fact_campaign_lift"
            " WHERE outcome = 'revenue' AND decile = -1 AND window_days = 14"
        ).fetchall()
    spent = dict(
        orders(
            campaign,
            "SELECT customer, sum(total) FROM orders WHERE ordered_at >= '2026-06-11 09:00'"
            " AND ordered_at < '2026-06-25 09:00' GROUP BY customer",
        )
    )
    means = {
        arm: sum(spent.get(who, 0) for who, drew in arms.items() if drew == arm)
        / sum(drew == arm for drew in arms.values())
        for arm in ("treated", "held_out")
    }
    assert difference == pytest.approx(means["treated"] - means["held_out"])
    assert low < difference < high
