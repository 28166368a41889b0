"""Who is held out: drawn by lot, recorded once, and sent nothing by any way of the same activation."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import psycopg
import pytest
from activation.destinations.scenario import ACTIVATION, BEST, LAPSING, People, activate
from activation.memory import MemoryDestination
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from perennial.activation.holdout import HELD_OUT, SCHEMA, assign, record, recorded, split
from perennial.activation.ledger import migrate, open_ledger
from perennial.activation.shares import Holdout
from perennial.errors import TerminalError

AS_OF = datetime(2024, 3, 1, tzinfo=UTC)
NOBODY = pl.DataFrame(schema=SCHEMA)
SHARES = st.floats(0.01, 0.99)


def qualified(people: list[str], audience: str = "rich") -> pl.DataFrame:
    named = pl.Series("person_id", people, pl.String).to_frame()
    return named.with_columns(audience=pl.lit(audience), decile=1)


def held(assigned: pl.DataFrame) -> set[str]:
    return {*assigned.filter(arm=HELD_OUT)["person_id"]}


@settings(max_examples=40)
@given(st.sets(st.text(min_size=1), max_size=40), SHARES, SHARES)
def test_a_greater_share_only_moves_people_from_treated_to_held_out(people, one, other):
    rows, (small, great) = qualified(sorted(people)), sorted((one, other))
    assert held(assign(rows, NOBODY, "mail", small)) <= held(assign(rows, NOBODY, "mail", great))


@settings(max_examples=40)
@given(st.sets(st.text(min_size=1), max_size=40), SHARES, SHARES, st.data())
def test_recorded_arms_stay_in_every_audience_and_by_every_share(people, then, now, data):
    early = data.draw(st.sets(st.sampled_from(sorted(people)))) if people else set()
    before = assign(qualified(sorted(early)), NOBODY, "mail", then)
    after = assign(qualified(sorted(people), "town"), before, "mail", now)
    kept = after.filter(pl.col("person_id").is_in([*early]))
    assert held(kept) == held(before)
    assert {*kept["share"]} <= {then}
    new = after.filter(~pl.col("person_id").is_in([*early]))
    assert held(new) == held(assign(new.drop("arm", "share"), NOBODY, "mail", now))


def test_about_the_share_is_held_out_and_other_activations_draw_their_own():
    rows = qualified([str(number) for number in range(20_000)])
    mail, other = (held(assign(rows, NOBODY, seed, 0.1)) for seed in ("mail", "other"))
    # Five standard deviations of a binomial distribution are 212.
    assert abs(len(mail) - 2000) < 212
    assert abs(len(mail & other) - 200) < 5 * 14


def keys(**people: str | None) -> pl.LazyFrame:
    return pl.LazyFrame(
        {"person_id": [*people], "key": [*people.values()], "decile": 3},
        schema_overrides={"key": pl.String},
    )


def members(**audiences: list[str]) -> pl.LazyFrame:
    rows = [(audience, person) for audience, people in audiences.items() for person in people]
    return pl.LazyFrame(rows, schema=["audience", "person_id"], orient="row")


def test_who_is_held_out_is_reached_through_no_audience_and_no_shared_address():
    before = pl.DataFrame([("rich", "ann", HELD_OUT, 0.5, 1)], schema=SCHEMA, orient="row")
    people = keys(ann="a@example.com", bob="b@example.com", eve="a@example.com", nan=None)
    found = split(
        members(rich=["ann", "bob"], town=["ann", "eve", "nan"]), people, before, "mail", Holdout(share="1%")
    )
    assert sorted(found.members.collect().rows()) == [("rich", "bob"), ("town", "nan")]
    assert found.held_out == 2
    arms = found.assigned.select("audience", "person_id", "arm", "decile").rows()
    assert ("town", "ann", HELD_OUT, 3) in arms
    assert "nan" not in found.assigned["person_id"], "who cannot be reached has no arm"


def test_what_is_recorded_stays(store_url):
    migrate(store_url)
    first = assign(qualified(["ann", "bob"]), NOBODY, "mail", 0.5)
    with psycopg.connect(store_url) as connection:
        assert record(connection, "mail", AS_OF, first) == 2
        again = first.with_columns(arm=pl.lit(HELD_OUT), share=0.9)
        assert record(connection, "mail", AS_OF, again) == 0
        assert recorded(connection, "mail").sort("person_id").equals(first.sort("person_id"))
        assert recorded(connection, "other").is_empty()


@pytest.mark.parametrize("share", ["0%", "100%", "10", "-1%", "ten percent"])
def test_a_share_is_more_than_nothing_and_less_than_all(share):
    with pytest.raises(ValidationError, match="more than 0 and less than 100 percent, such as 10%"):
        Holdout(share=share)


def test_a_share_is_read_as_it_is_written():
    assert [Holdout(share=text).fraction for text in ("10%", " 2.5 % ")] == [0.1, 0.025]


PEOPLE: People = {f"p{n}@example.com": {"in": ["best"], "decile": n % 10 + 1} for n in range(40)}


def holding_out(share: str, **more: str) -> dict[str, Any]:
    said = ACTIVATION.model_dump() | {"holdout": {"share": share, **more}}
    return {"activation": type(ACTIVATION).model_validate(said)}


def arms(url: str) -> dict[str, set[str]]:
    with open_ledger(url, "sendgrid_default", "email") as ledger:
        found = ledger.assignments().group_by("arm").agg("person_id")
    return {arm: {*people} for arm, people in found.iter_rows()}


@pytest.fixture
def fresh(store_url: str) -> str:
    with psycopg.connect(store_url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS activation CASCADE")
    return store_url


def test_who_is_held_out_is_counted_and_never_sent(fresh):
    destination, how = MemoryDestination(), holding_out("25%", decile="spend_12m_decile")
    counted = activate(fresh, destination, PEOPLE, dry_run=True, **how)
    assert (destination.given, arms(fresh)) == ([], {}), "a dry run records nothing"
    report = activate(fresh, destination, PEOPLE, **how)
    drawn = arms(fresh)
    assert 0 < report.held_out == counted.held_out == len(drawn[HELD_OUT]) < 40
    assert report.upserted == counted.upserted == 40 - report.held_out
    assert destination.lists[BEST] == {*destination.given} == drawn["treated"] == {*PEOPLE} - drawn[HELD_OUT]
    everybody = {key: {**person, "in": ["best", "lapsing"]} for key, person in PEOPLE.items()}
    later = {**everybody, "new@example.com": {"in": ["lapsing"]}}
    activate(fresh, destination, later, 21, **holding_out("1%"))
    assert arms(fresh)[HELD_OUT] >= drawn[HELD_OUT], "a smaller share frees nobody"
    assert not drawn[HELD_OUT] & (destination.lists[BEST] | destination.lists[LAPSING])


def test_who_was_sent_before_there_was_a_holdout_leaves_the_list(fresh):
    destination = MemoryDestination()
    assert activate(fresh, destination, PEOPLE).held_out == 0
    assert destination.lists[BEST] == {*PEOPLE}
    report = activate(fresh, destination, PEOPLE, 21, **holding_out("25%"))
    assert report.removed == report.held_out > 0
    assert destination.lists[BEST] == arms(fresh)["treated"]


def test_a_decile_that_no_profile_has_is_refused_before_anything_is_sent(fresh):
    destination = MemoryDestination()
    with pytest.raises(TerminalError, match="holdout: decile: the profile has no column rank; it has age, "):
        activate(fresh, destination, PEOPLE, **holding_out("25%", decile="rank"))
    assert (destination.given, arms(fresh)) == ([], {})
