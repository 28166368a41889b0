"""Who is in, came in and left, per day: the same whichever order the days are evaluated in."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import evaluate
from perennial.audiences.membership import qualified, store, transitions
from perennial.lake.tables import Table

FIRST = date(2017, 12, 25)


def members(people: str) -> pl.DataFrame:
    rows = [("vip", person, "hash") for person in sorted(people)]
    schema = dict.fromkeys(["audience", "person_id", "definition_hash"], pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def no_events(dataset: str) -> pl.LazyFrame:
    raise AssertionError(f"nobody asks for {dataset}")


def status(rows: pl.DataFrame, wanted: str) -> str:
    return "".join(rows.filter(status=wanted)["person_id"])


def test_all_audiences_are_evaluated_in_one_pass():
    people = pl.DataFrame({"person_id": ["a", "b"], "decile": [1, 5]})
    rule = {"attribute": "decile", "operator": "at_most"}
    audiences = {
        name: Audience.model_validate({"name": name, "title": name, "rule": {**rule, "value": value}})
        for name, value in (("best", 1), ("good", 5))
    }
    found = evaluate(people.lazy(), no_events, audiences, {}, datetime(2017, 12, 25, tzinfo=UTC))
    assert sorted(found.select("audience", "person_id").rows()) == [
        ("best", "a"),
        ("good", "a"),
        ("good", "b"),
    ]
    assert found.filter(audience="best")["definition_hash"].item() == audiences["best"].definition_hash


def test_transitions():
    rows = transitions(members("abc"), members("bcd"))
    assert (status(rows, "entered"), status(rows, "kept"), status(rows, "exited")) == ("d", "bc", "a")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_runs_leaves_no_trace(tmp_path, order):
    table = Table(str(tmp_path), "membership", partition="as_of")
    days = ["ab", "bc", "ac"]
    for number in order:
        store(table, members(days[number]), FIRST + timedelta(days=number))
    rows = table.scan().collect()
    last = rows.filter(as_of=FIRST + timedelta(days=2))
    assert (status(last, "entered"), status(last, "kept"), status(last, "exited")) == ("a", "c", "b")
    middle = rows.filter(as_of=FIRST + timedelta(days=1))
    assert (status(middle, "entered"), status(middle, "exited")) == ("c", "a")


def test_a_day_evaluated_again_corrects_the_day_after(tmp_path):
    table = Table(str(tmp_path), "membership", partition="as_of")
    store(table, members("a"), FIRST)
    store(table, members("ab"), FIRST + timedelta(days=1))
    store(table, members("ab"), FIRST)
    assert status(table.scan().filter(as_of=FIRST + timedelta(days=1)).collect(), "kept") == "ab"


@settings(max_examples=5)
@given(
    states=st.lists(st.one_of(st.none(), st.sets(st.sampled_from("abc"))), min_size=3, max_size=5),
    dice=st.randoms(use_true_random=False),
)
def test_days_that_failed_are_passed_over_in_any_order_of_runs(tmp_path_factory, states, dice):
    """None is a day on which the audience could not be evaluated; another one, `all`, always could."""
    table = Table(str(tmp_path_factory.mktemp("t")), "membership", partition="as_of")
    failed: dict[date, frozenset[str]] = {}
    order = [*range(len(states)), *dice.sample(range(len(states)), 2)]
    dice.shuffle(order)
    for position, number in enumerate(order):
        day = FIRST + timedelta(days=number)
        # Before it is evaluated for the last time, a day may have been anything.
        last = number not in order[position + 1 :]
        state = states[number] if last else dice.choice([None, {"a"}, {"b", "c"}])
        failed[day] = frozenset({"vip"} if state is None else ())
        every = members("x").with_columns(audience=pl.lit("all"))
        store(table, pl.concat([every, members("".join(state or ()))]), day, failed)
    rows = table.scan().collect()
    before: set[str] = set()
    for number, state in enumerate(states):
        these = rows.filter(as_of=FIRST + timedelta(days=number))
        assert status(these.filter(audience="all"), "kept" if number else "entered") == "x"
        found = {
            name: set(status(these.filter(audience="vip"), name)) for name in ("entered", "kept", "exited")
        }
        if state is None:
            assert not any(found.values())
        else:
            assert found == {"entered": state - before, "kept": state & before, "exited": before - state}
            before = state


def test_people_have_qualified_when_they_came_in_for_the_first_and_for_the_last_time(tmp_path):
    table = Table(str(tmp_path), "membership", partition="as_of")
    states, failed = ["ab", "a", None, "ab", "ab"], {FIRST + timedelta(days=2): frozenset({"vip"})}
    days = [FIRST + timedelta(days=number) for number in range(len(states))]
    for day, state in zip(days, states, strict=True):
        store(table, members(state or ""), day, failed)

    def as_of(number: int) -> dict[str, tuple]:
        rows = qualified(table.scan(), days[number]).collect()
        columns = ("status", "as_of", "first_qualified", "last_qualified")
        return {row["person_id"]: tuple(row[name] for name in columns) for row in rows.to_dicts()}

    assert as_of(0) == {"a": ("entered", *days[:1] * 3), "b": ("entered", *days[:1] * 3)}
    assert as_of(1)["b"] == ("exited", days[1], days[0], days[0])
    assert as_of(2)["a"] == ("kept", days[1], days[0], days[0]), "what was known last"
    assert as_of(4) == {"a": ("kept", days[4], days[0], days[0]), "b": ("kept", days[4], days[0], days[3])}
    store(table, members("ab"), days[1], failed)
    assert as_of(4)["b"] == ("kept", days[4], days[0], days[0]), "a day again leaves no trace"


@settings(max_examples=200)
@given(before=st.sets(st.sampled_from("abcdefgh")), now=st.sets(st.sampled_from("abcdefgh")))
def test_counts_reconcile(before, now):
    rows = transitions(members("".join(before)), members("".join(now)))
    entered, kept, exited = (len(status(rows, s)) for s in ("entered", "kept", "exited"))
    assert entered + kept == len(now)
    assert kept + exited == len(before)
