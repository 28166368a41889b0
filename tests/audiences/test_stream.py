"""Both evaluators agree for every person at every moment: hundreds of random definitions, as time passes."""

import random
from datetime import datetime, timedelta

import polars as pl
import pytest
from audiences import naive, random_rules
from audiences.random_rules import NOW
from audiences.test_random_rules import audience, rules

from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import evaluate
from perennial.audiences.stream import Stream

PEOPLE, EVENTS, RULES, STEPS = 30, 120, 60, 4
SEEDS = range(9)
START = NOW - timedelta(days=20)


def by_day(
    people: pl.DataFrame, events: dict[str, pl.DataFrame], audiences: dict[str, Audience], now: datetime
) -> set[tuple[str, str]]:
    found = evaluate(people.lazy(), lambda name: events[name].lazy(), audiences, {}, now)
    return set(found.select("audience", "person_id").rows())


def standing(stream: Stream) -> set[tuple[str, str]]:
    long = stream.members.unpivot(index="person_id", variable_name="audience", value_name="member")
    return set(long.filter("member").select("audience", "person_id").rows())


@pytest.mark.parametrize("seed", SEEDS)
def test_both_evaluators_agree_whatever_comes_and_however_time_passes(seed):
    dice = random.Random(seed)
    people = random_rules.people(dice, PEOPLE)
    every = {name: audience(name, rule) for name, rule in rules(dice, RULES).items()}
    coming = {name: random_rules.happened(dice, PEOPLE + 3, EVENTS) for name in random_rules.DATASETS}
    known = {name: frame.filter(pl.col("event_time") < START) for name, frame in coming.items()}
    stream, now = Stream(every, {}, people, known, START), START
    assert standing(stream) == by_day(people, known, every, now)
    seen = standing(stream)
    for _ in range(STEPS):
        later = now + timedelta(hours=dice.choice([1, 5, 24, 100, 200]))
        # Some events come late, some early, and some are of people who have no profile.
        due = pl.col("event_time").is_between(now - timedelta(hours=30), later + timedelta(hours=30))
        fresh = {}
        for name, frame in coming.items():
            new = frame.filter(due).join(known[name], on=frame.columns, how="anti", nulls_equal=True)
            fresh[name] = new.sample(fraction=0.8, seed=seed)
            known[name] = pl.concat([known[name], fresh[name]])
        changed = None
        if dice.random() < 0.5:
            changed = random_rules.people(dice, PEOPLE).sample(3, seed=seed)
            people = pl.concat([people.join(changed, on="person_id", how="anti"), changed])
        changes = stream.take(fresh, later, changed)
        now = later
        expected = by_day(people, known, every, now)
        for name, person in standing(stream) ^ expected:
            pytest.fail(f"{person} at {now}: {every[name].rule}")
        for name, person, status, at in changes.rows():
            seen = seen | {(name, person)} if status == "entered" else seen - {(name, person)}
            assert at == now
        assert seen == expected, "the changes lead from one state to the next"


def test_nothing_new_and_no_time_that_matters_changes_nothing():
    people = pl.DataFrame({"person_id": ["a"]})
    events = random_rules.happened(random.Random(1), 1, 3)
    it = audience("it", {"event": "shop", "within_last": "1 year"})
    stream = Stream({"it": it}, {}, people, {"shop": events}, NOW)
    assert stream.take({}, NOW + timedelta(seconds=1)).is_empty()
    assert stream.take({"other": events}, NOW + timedelta(seconds=2)).is_empty()


def test_time_alone_makes_people_leave_and_enter():
    people = pl.DataFrame({"person_id": ["a", "b"]})
    shop = pl.DataFrame(
        {"person_id": ["a"], "event_time": [NOW]}, schema_overrides={"event_time": pl.Datetime("us", "UTC")}
    )
    active = audience("active", {"event": "shop", "within_last": "1 day"})
    gone = audience("gone", {"none": [{"event": "shop", "within_last": "1 day"}]})
    stream = Stream({"active": active, "gone": gone}, {}, people, {"shop": shop.clear()}, NOW)
    assert standing(stream) == {("gone", "a"), ("gone", "b")}
    came = stream.take({"shop": shop}, NOW + timedelta(minutes=1))
    assert set(came.select("audience", "status").rows()) == {("active", "entered"), ("gone", "exited")}
    assert stream.take({}, NOW + timedelta(days=1)).is_empty(), "a day after it is still within the last day"
    left = stream.take({}, NOW + timedelta(days=1, microseconds=1))
    assert set(left.select("audience", "person_id", "status").rows()) == {
        ("active", "a", "exited"),
        ("gone", "a", "entered"),
    }


def test_plain_python_agrees_with_the_end():
    """The other evaluator is checked against it elsewhere: once more, through the stream."""
    dice = random.Random(99)
    people = random_rules.people(dice, PEOPLE)
    written = {f"a{n}": random_rules.rule(dice, []) for n in range(40)}
    coming = {name: random_rules.happened(dice, PEOPLE, EVENTS) for name in random_rules.DATASETS}
    every = {name: audience(name, rule) for name, rule in written.items()}
    stream = Stream(every, {}, people, {name: frame.clear() for name, frame in coming.items()}, START)
    stream.take(coming, NOW)
    found = standing(stream)
    for profile in people.to_dicts():
        person = profile["person_id"]
        theirs = {name: frame.filter(person_id=person).to_dicts() for name, frame in coming.items()}
        for name, rule in written.items():
            assert ((name, person) in found) == naive.meets(rule, profile, theirs, NOW, {}), rule
