"""Bots are found, as events come or come late, left out of value, profiles and audiences, and let back in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from perennial.documents import DocumentError
from perennial.errors import TerminalError
from perennial.lake.catalog import Lake
from perennial.sandbox import app
from perennial.settings import REPOSITORY, Settings
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.bots import decide, find_bots
from perennial.stages.bots_standing import standing
from perennial.stages.profiles import build_profiles, profiles_of
from perennial.stages.stitching import stitch
from perennial.stages.value import compute_value, history, plan
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.stages.visitors import refresh_days
from perennial.stages.workspace import Workspace

NOW = datetime(2024, 5, 1, tzinfo=UTC)
AS_OF = date(2024, 3, 3)
CURL = "curl/8.1.2"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
DOCUMENTS = {
    "namespaces/cookie": "{title: Cookie, type: cookie, priority: 10}",
    "profiles/visitor": "{title: Visitors, person: cookie, events: [hits]}",
    "datasets/hits": """
        title: Hits
        kind: event
        source: {stream: true}
        key: [id]
        identities: [{column: cookie, namespace: cookie}]
        columns:
          event_time: {type: timestamp, required: true}
          id: {type: string, required: true}
          cookie: {type: string}
          agent: {type: string}
          spent: {type: decimal}
    """,
    "value/spend": """
        title: Spend
        dataset: hits
        identity: person_id
        metrics: {spend: {sum: spent}}
        lookbacks: [lifetime]
    """,
    "value/rfm": """
        kind: rfm
        title: RFM
        dataset: hits
        identity: person_id
        order: id
        amount: spent
        lookback: lifetime
        buckets: 2
        segments: [{label: All}]
    """,
    "audiences/visitors": "{title: Visitors, rule: {event: hits, within_last: 7 days}}",
    "bots/web": """
        title: Bots
        dataset: hits
        visitor: cookie
        user_agent: agent
        rule: {60: 20}
    """,
}
Hit = tuple[str, str, int, float]
"""A visitor, a user agent, how many hits, and seconds between them."""


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    write(tmp_path, {})
    found = Workspace(
        Settings(tmp_path / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool")
    )
    hit(found.lake, [("person", FIREFOX, 20, 2.0), ("crawler", CURL, 3, 100.0), ("fast", FIREFOX, 21, 2.0)])
    return found


def write(folder: Path, change: dict[str, str]) -> None:
    for name, text in (DOCUMENTS | change).items():
        file = folder / f"include/{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def hit(lake: Lake, hits: Sequence[Hit], day: date = date(2024, 3, 2)) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    rows = [
        {"event_time": noon + timedelta(seconds=number * wait), "cookie": visitor, "agent": agent}
        for visitor, agent, count, wait in hits
        for number in range(count)
    ]
    frame = pl.DataFrame(rows).with_row_index("n").with_columns(
        pl.col("event_time").dt.cast_time_unit("us"),
        id=pl.format("{}-{}-{}", "cookie", pl.lit(str(day)), "n"),
        event_date=pl.lit(day),
        batch=pl.lit("b"),
        spent=pl.lit("1.00").cast(pl.Decimal(18, 2)),
    )  # fmt: skip
    lake.events("hits").append(frame.drop("n").with_columns(event_id="id"))


def people(made: Workspace) -> set[str]:
    return {*made.rows("hits").select("cookie").collect()["cookie"]}


def ranked(made: Workspace, day: date = AS_OF) -> dict[str, float]:
    rows = history(made, "spend").read(day).collect()
    return {person: float(spend) for person, spend in rows.select("person_id", "spend").iter_rows()}


def settled(made: Workspace) -> Workspace:
    """Everything that comes after bots, as of the day."""
    stitch(made, NOW)
    compute_value(made, AS_OF)
    build_profiles(made, AS_OF)
    evaluate_audiences(made, AS_OF)
    return made


def test_bots_are_left_out_of_value_profiles_and_audiences_and_let_back_in(made):
    settled(made)
    assert ranked(made) == {"person": 20, "crawler": 3, "fast": 21}
    counts = find_bots(made, AS_OF)["web"]
    assert {name: counts[name] for name in ("visitors", "people", "declared", "rule", "model")} == {
        "visitors": 3, "people": 1, "declared": 1, "rule": 1, "model": 0,
    }  # fmt: skip
    assert "it takes 5 of each" in counts["learning"]
    settled(made)
    assert people(made) == set(ranked(made)) == {"person"}
    assert {*profiles_of(made, AS_OF).collect()["person_id"]} == {"person"}
    members = made.lake.membership.scan().filter(pl.col("status") != "exited").collect()
    assert members["person_id"].to_list() == ["person"]
    left = decide(made, "web", ["fast"], "let_in", "our kiosk", by="ann", now=NOW)
    assert left == 1
    settled(made)
    assert ranked(made) == {"person": 20, "fast": 21}
    assert {*profiles_of(made, AS_OF).collect()["person_id"]} == {"person", "fast"}


def test_days_that_were_computed_with_bots_are_stale_and_only_these(made):
    hit(made.lake, [("person", FIREFOX, 2, 60.0)], date(2024, 2, 20))
    for day in (date(2024, 2, 21), AS_OF):
        compute_value(made, day)
    find_bots(made, AS_OF)
    refresh_ledgers(made)
    stale = plan(made, date(2024, 2, 1), date(2024, 3, 5), only_stale=True)
    assert [(each.first, each.last) for each in stale] == [(AS_OF, AS_OF)]


def test_a_decision_holds_whatever_is_found_and_until_it_is_taken_back(made):
    find_bots(made, AS_OF)
    decide(made, "web", ["person"], "left_out", "a scraper", by="ann", now=NOW)
    decide(made, "web", ["crawler", "fast"], "let_in", "ours", by="bob", now=NOW)
    find_bots(made, AS_OF + timedelta(days=1))
    assert people(made) == {"crawler", "fast"}
    traffic = made.lake.bot_traffic.scan().filter(as_of=AS_OF + timedelta(days=1)).collect()
    assert dict(traffic.select("why", "visitors").iter_rows()) == {
        "people": 0, "declared": 0, "rule": 0, "model": 0, "let_in": 2, "left_out": 1,
    }  # fmt: skip
    decide(made, "web", ["person", "crawler"], "as_found", "never mind", by="ann", now=NOW)
    assert people(made) == {"person", "fast"}
    now = standing(made)
    said = now.decisions.select("value", "decision", "reason", "by")
    assert said.rows()[:2] == [
        ("crawler", "as_found", "never mind", "ann"),
        ("person", "as_found", "never mind", "ann"),
    ]
    assert said.height == 5
    assert dict(now.visitors.select("value", "decision").iter_rows()) == {"fast": "let_in", "crawler": None}


def test_nobody_is_decided_upon_who_was_never_seen(made):
    find_bots(made, AS_OF)
    with pytest.raises(TerminalError, match="1 of 2 visitors have no events in hits") as refused:
        decide(made, "web", ["fast", "nobody"], "let_in", "", by="ann", now=NOW)
    assert "nobody" not in str(refused.value)
    assert "fast" not in people(made)
    with pytest.raises(TerminalError, match=r"no document about bots app; include/bots has \['web'\]"):
        decide(made, "app", ["fast"], "let_in", "", by="ann", now=NOW)


def test_only_days_that_changed_are_counted_anew_and_what_comes_out_is_the_same(made):
    (web,) = made.bots.values()
    find_bots(made, AS_OF)
    assert refresh_days(made, web) == []
    hit(made.lake, [("late", FIREFOX, 30, 1.0)], date(2024, 2, 28))
    assert refresh_days(made, web) == ["2024-02-28"]
    after = made.lake.visitor_days("web").scan().sort("visitor", "event_date").collect()
    find_bots(made, AS_OF)
    assert "late" not in people(made), "as of a day, all days before it count"
    # From nothing, all at once.
    other = Workspace(replace(made.settings, lake=made.settings.lake + "2"))
    other.lake.events("hits").append(made.lake.events("hits").scan().collect())
    find_bots(other, AS_OF)
    whole = other.lake.visitor_days("web").scan().sort("visitor", "event_date").collect()
    assert after.equals(whole)


def test_a_day_sees_only_what_was_before_it(made):
    find_bots(made, AS_OF - timedelta(days=1))
    assert people(made) == {"person", "crawler", "fast"}
    find_bots(made, AS_OF)
    assert people(made) == {"person"}
    # Without documents, nobody is looked at anymore.
    for file in (made.settings.include / "bots").glob("*.yaml"):
        file.unlink()
    again = Workspace(made.settings)
    find_bots(again, AS_OF)
    assert people(again) == {"person", "crawler", "fast"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("visitor: id", "visitor: id is no identity of hits"),
        ("user_agent: browser", "user_agent: hits has no column browser; it has event_time, id, cookie"),
    ],
)
def test_documents_that_do_not_fit_their_dataset_are_refused(made, tmp_path, change, said):
    key = change.partition(":")[0]
    lines = [line for line in DOCUMENTS["bots/web"].splitlines() if f" {key}:" not in line]
    write(tmp_path, {"bots/web": "\n".join([*lines, f"        {change}"])})
    with pytest.raises(DocumentError, match=said):
        find_bots(Workspace(made.settings), AS_OF)


def test_a_cluster_cannot_leave_bots_out_and_says_so(made, tmp_path):
    spark = DOCUMENTS["value/spend"].replace("person_id", "cookie") + "\n        engine: spark"
    write(tmp_path, {"value/spend": spark})
    with pytest.raises(
        DocumentError, match="engine: spark would count bots, which bots web leaves out of hits"
    ):
        refresh_ledgers(Workspace(made.settings))


def test_the_model_of_the_demo_finds_families_that_it_has_not_seen(tmp_path):
    """On simulated traffic: what crawlers call themselves is real, how fast they go is made up."""
    demo = Workspace(
        Settings(REPOSITORY / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool")
    )
    messages = [
        {"device_id": each["device"], "user_agent": each["agent"], "product_id": each["product"]["id"],
         "event_time": each["at"], "event_id": each["id"]}
        for each in app.messages()
    ]  # fmt: skip
    rows = pl.DataFrame(messages, infer_schema_length=None)
    rows = rows.with_columns(pl.col("event_time").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"))
    demo.lake.events("app_events").append(rows.with_columns(event_date=pl.col("event_time").dt.date()))
    find_bots(demo, date(2018, 1, 1))
    (fit,) = demo.lake.bot_models.scan().collect().to_dicts()
    model, rule = fit["quality"]
    assert fit["status"] == "in use"
    assert fit["bot_families"] == 60
    assert model["precision"] >= 0.9
    assert model["recall"] >= 0.9
    assert rule["recall"] < 0.5, "slow crawlers stay below it"
    found = {*demo.lake.bots_found("app").scan().collect()["visitor"]}
    assert found >= {"scraper-7", "scraper-19"}, "those that call themselves browsers too"
    assert len([name for name in found if name.startswith("app-")]) <= 5, "hardly a person among them"
