"""Who is in, came in and left, per day: the same whichever order the days are evaluated in."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import evaluate
from perennial.audiences.membership import store, transitions
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
    assert found.select("audience", "person_id").rows() == [("best", "a"), ("good", "a"), ("good", "b")]
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


@settings(max_examples=200, deadline=None)
@given(before=st.sets(st.sampled_from("abcdefgh")), now=st.sets(st.sampled_from("abcdefgh")))
def test_counts_reconcile(before, now):
    rows = transitions(members("".join(before)), members("".join(now)))
    entered, kept, exited = (len(status(rows, s)) for s in ("entered", "kept", "exited"))
    assert entered + kept == len(now)
    assert kept + exited == len(before)
