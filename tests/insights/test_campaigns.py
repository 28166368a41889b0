"""What campaigns brought: those who were sent them against those held out, as purchases become known."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import psycopg
import pytest
from scipy import stats

from perennial.activation import holdout, ledger
from perennial.insights.engine import Engine, QueryError
from perennial.insights.model import load_models
from perennial.lake.responses import EMAIL_EVENTS
from perennial.stages.insights import refresh_insights, unreadable
from perennial.stages.workspace import Workspace

pytestmark = pytest.mark.store
SENT_ON = date(2017, 12, 20)
SENT_AT = datetime(2017, 12, 20, 9, tzinfo=UTC)
TREATED = [f"t{n}" for n in range(12)]
HELD_OUT = [f"h{n}" for n in range(8)]
PEOPLE = TREATED + HELD_OUT
SPENT = {"t0": 30, "t1": 20, "t2": 10, "t3": 5, "t4": 25, "h0": 4, "h1": 6}
"""What people buy on the second day after the send, in dollars."""


def at(hours: float) -> datetime:
    """So many hours after the send."""
    return SENT_AT + timedelta(hours=hours)


def sales(*rows: tuple[str, str, datetime, str]) -> pl.DataFrame:
    """Lines of receipts: (basket, person, when, how much)."""
    return pl.DataFrame(
        [
            {
                "basket_id": basket,
                "household_id": person,
                "event_time": when,
                "event_date": when.date(),
                "sales_value": Decimal(value),
                "product_id": "p1",
                "store_id": "1",
            }
            for basket, person, when, value in rows
        ],
        schema_overrides={"sales_value": pl.Decimal(18, 2), "event_time": pl.Datetime("us", "UTC")},
    )


def responses(*rows: tuple[str, str, str, datetime], **more: object) -> pl.DataFrame:
    """(campaign, person, type, when)."""
    same = {"provider": "sendgrid", "audience": "rich", "sent_as_of": SENT_ON, "is_machine": False}
    return pl.DataFrame(
        [
            same
            | {
                "event_id": f"{campaign}-{person}-{kind}-{when}",
                "event_type": kind,
                "event_time": when,
                "event_date": when.date(),
                "send_id": f"{campaign}-{person}",
                "campaign_id": campaign,
                "campaign_name": campaign.title(),
                "person_id": person,
            }
            | more
            for campaign, person, kind, when in rows
        ],
        schema=EMAIL_EVENTS,
    )


@pytest.fixture
def url(store) -> str:
    with psycopg.connect(store.url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS insights CASCADE")
        connection.execute("DROP SCHEMA IF EXISTS activation CASCADE")
    ledger.migrate(store.url)
    draw(store.url, "mail", dict.fromkeys(TREATED, "treated") | dict.fromkeys(HELD_OUT, "held_out"))
    return str(store.url)


def draw(url: str, activation: str, arms: dict[str, str], as_of: datetime = SENT_AT) -> None:
    rows = [("rich", person, arm, 0.4, None) for person, arm in arms.items()]
    with psycopg.connect(url) as connection:
        holdout.record(connection, activation, as_of, pl.DataFrame(rows, holdout.SCHEMA, orient="row"))


@pytest.fixture
def sent(filled: Workspace) -> Workspace:
    """A campaign went to all who are treated but one who opted out; purchases of two days are known."""
    lake = filled.lake
    ranked(filled, SENT_ON, {person: 1 + n % 2 for n, person in enumerate(PEOPLE)})
    members = {"audience": "rich", "person_id": PEOPLE, "status": "kept", "as_of": SENT_ON}
    lake.membership.replace(pl.DataFrame(members), SENT_ON)
    lake.email_events.append(
        responses(*(("hello", person, "sent", SENT_AT) for person in TREATED if person != "t11"))
    )
    lake.events("transactions").append(
        sales(
            ("early", "h7", at(-1), "99.00"),
            *((f"b-{person}", person, at(40), f"{value}.00") for person, value in SPENT.items()),
        )
    )
    return filled


def ranked(workspace: Workspace, as_of: date, deciles: dict[str, int]) -> None:
    profiles = {"person_id": [*deciles], "spend_12m_decile": [*deciles.values()], "as_of": as_of}
    workspace.lake.profiles.replace(pl.DataFrame(profiles), as_of)


def query(url: str, sql: str) -> list[tuple]:
    with psycopg.connect(url, options="-c search_path=insights") as connection:
        return connection.execute(sql.encode()).fetchall()


def test_a_document_of_an_activation_that_cannot_be_read_is_left_out_and_told(sent, url, tmp_path):
    assert unreadable(sent) == {}
    include = shutil.copytree(sent.settings.include, tmp_path / "copy")
    (include / "activations" / "broken.yaml").write_text("colour: red")
    sent = Workspace(replace(sent.settings, include=include))
    refresh_insights(sent, url, "responses")
    assert query(url, "SELECT count(*) FROM fact_email_response") != [(0,)]
    (said,) = unreadable(sent).values()
    assert "broken.yaml" in said
    assert "colour" in said


LIFT = (
    "SELECT treated, held_out, treated_mean, held_out_mean, low, high, observed_days FROM fact_campaign_lift"
    " WHERE outcome = '{}' AND decile = {} AND window_days = {}"
)


def test_lift_is_welchs_comparison_of_all_who_drew_a_lot(sent, url):
    refresh_insights(sent, url, "responses")
    ((treated, held_out, mean, other, low, high, _),) = query(url, LIFT.format("revenue", -1, 3))
    one, two = ([SPENT.get(person, 0) for person in arm] for arm in (TREATED, HELD_OUT))
    welch = stats.ttest_ind(one, two, equal_var=False)
    assert (treated, held_out) == (12, 8), "who was not reached, and who was not sent it, count all the same"
    assert (mean, other) == (pytest.approx(90 / 12), pytest.approx(10 / 8))
    assert (low, high) == pytest.approx(tuple(welch.confidence_interval()))
    for outcome, means in {
        "conversion": (5 / 12, 2 / 8),
        "visits": (5 / 12, 2 / 8),
        "sent": (11 / 12, 0),
    }.items():
        assert query(url, LIFT.format(outcome, -1, 3))[0][2:4] == pytest.approx(means)


def test_deciles_are_those_at_the_send(sent, url):
    ranked(sent, SENT_ON + timedelta(days=3), dict.fromkeys(PEOPLE, 1))
    refresh_insights(sent, url, "responses")
    first, second = (query(url, LIFT.format("revenue", decile, 3))[0] for decile in (1, 2))
    assert (first[:2], second[:2]) == ((6, 4), (6, 4))
    assert first[2:4] == pytest.approx(((30 + 10 + 25) / 6, 4 / 4))
    assert second[2:4] == pytest.approx((25 / 6, 6 / 4))
    moved = "SELECT arm, from_decile, to_decile, count_of_profiles FROM fact_campaign_movement ORDER BY 1, 2"
    assert query(url, moved) == [
        ("held_out", 1, 1, 4), ("held_out", 2, 1, 4), ("treated", 1, 1, 6), ("treated", 2, 1, 6),
    ]  # fmt: skip


def test_late_purchases_count_while_the_window_is_open(sent, url):
    refresh_insights(sent, url, "responses")
    assert {row[6] for row in query(url, LIFT.format("revenue", -1, 14))} == {7}, "known until the 27th"
    late = sales(("late", "h2", at(100), "50.00"), ("after", "h3", at(7 * 24 + 1), "70.00"))
    sent.lake.events("transactions").append(late)
    refresh_insights(sent, url, "daily", date(2017, 12, 28))
    means = {days: query(url, LIFT.format("revenue", -1, days))[0][3] for days in (3, 7, 14)}
    assert means == {3: 10 / 8, 7: 60 / 8, 14: 130 / 8}


def test_in_whatever_order_things_become_known_the_lift_is_the_same(sent, url):
    refresh_insights(sent, url, "responses")
    refresh_insights(sent, url, "daily", date(2017, 12, 27))
    step_by_step = query(url, "SELECT * FROM fact_campaign_lift ORDER BY 3, 4, 6, 7")
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA insights CASCADE")
    refresh_insights(sent, url, "daily", date(2017, 12, 27))
    assert query(url, "SELECT * FROM fact_campaign_lift ORDER BY 3, 4, 6, 7") == step_by_step
    assert step_by_step


def test_a_campaign_is_compared_in_the_activation_by_which_it_was_sent(sent, url):
    """Another activation holds out others of the same audience, whom this campaign reached."""
    draw(url, "other", dict.fromkeys(PEOPLE, "treated") | dict.fromkeys(TREATED[:6], "held_out"))
    refresh_insights(sent, url, "responses")
    assert query(url, LIFT.format("sent", -1, 3))[0][:4] == (12, 8, pytest.approx(11 / 12), 0)


def test_a_campaign_that_was_sent_to_those_held_out_too_is_no_experiment(sent, url):
    everybody = responses(*(("all", person, "sent", SENT_AT) for person in PEOPLE))
    sent.lake.email_events.append(everybody)
    refresh_insights(sent, url, "responses")
    assert query(url, "SELECT DISTINCT campaign_id FROM fact_campaign_lift") == [("hello",)]


def test_a_comparison_without_its_columns_is_refused(sent, url):
    models = load_models(sent.settings.include / "sql/insights")
    model = models["fact_campaign_lift"].model_copy(update={"query": "SELECT 1 AS treated, 2 AS visits"})
    engine = Engine({}, None)
    with pytest.raises(QueryError, match="lift: the query has to give campaign_id, conversion, date_key, "):
        engine.rows(model, [SENT_ON])
    engine.close()


def test_who_drew_a_lot_after_the_send_does_not_count(sent, url):
    draw(url, "mail", dict.fromkeys(["x1", "x2"], "held_out"), SENT_AT + timedelta(days=1))
    refresh_insights(sent, url, "responses")
    assert query(url, LIFT.format("sent", -1, 3))[0][:2] == (12, 8)


def test_without_a_holdout_nothing_is_said(sent, url):
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE activation.assignment")
    refresh_insights(sent, url, "responses")
    assert query(url, "SELECT count(*) FROM fact_campaign_lift") == [(0,)]


def test_domains_of_few_recipients_are_put_together(filled, url):
    big = [f"b{n}" for n in range(10)]
    opened = [("hello", person, "opened", at(30)) for person in (*big[:4], "s0")]
    sent_to = [("hello", person, "sent", at(0)) for person in (*big, "s0", "s1")]
    events = pl.concat(
        [
            responses(*sent_to),
            responses(*opened),
            responses(("hello", "b9", "opened", at(1)), is_machine=True),
        ]
    )
    address = pl.col("person_id")
    filled.lake.email_events.append(
        events.with_columns(
            email_sha256=address,
            domain=pl.when(address.str.starts_with("b")).then(pl.lit("big.example")).otherwise(address),
        )
    )
    refresh_insights(filled, url, "responses")
    counts = "SELECT date_key, domain, sent, opens_unique, machine_opens FROM fact_email_domain ORDER BY 1, 2"
    assert query(url, counts) == [
        (SENT_ON, "big.example", 10, 0, 1), (SENT_ON, "other", 2, 0, 0),
        (at(30).date(), "big.example", 0, 4, 0), (at(30).date(), "other", 0, 1, 0),
    ]  # fmt: skip


def test_bounces_are_counted_by_reason(filled, url):
    gone = {"bounce_class": "hard", "bounce_reason": "Invalid Address"}
    bounced = [responses(("hello", person, "bounced", at(0)), **gone) for person in ("t0", "t1")]
    old = responses(("hello", "t2", "bounced", at(0)), bounce_class="soft").drop("bounce_reason", "domain")
    filled.lake.email_events.append(old)
    filled.lake.email_events.append(pl.concat(bounced))
    refresh_insights(filled, url, "responses")
    assert query(url, "SELECT bounce_class, reason, bounces FROM fact_email_bounce ORDER BY 1") == [
        ("hard", "Invalid Address", 2), ("soft", "Unclassified", 1),
    ]  # fmt: skip


def test_purchases_are_credited_to_the_first_and_to_the_last_campaign_that_was_clicked(sent, url):
    clicks = [
        ("old", "t0", "clicked", at(40 - 14 * 24) - timedelta(seconds=1)),
        ("one", "t0", "clicked", at(1)),
        ("two", "t0", "clicked", at(2)),
        ("late", "t0", "clicked", at(41)),
        ("two", "t1", "clicked", at(39)),
    ]
    sent.lake.email_events.append(responses(*clicks))
    refresh_insights(sent, url, "responses")
    credit = "SELECT rule, campaign_id, purchases, revenue FROM fact_campaign_credit ORDER BY 1, 2"
    assert query(url, credit) == [
        ("first_touch", "one", 1, 30), ("first_touch", "two", 1, 20), ("last_touch", "two", 2, 50),
    ]  # fmt: skip
