"""Hundreds of random definitions, on random people: the members are those that plain Python finds."""

import random

import polars as pl
import pytest
from audiences import naive, random_rules
from audiences.random_rules import NOW

from perennial.audiences.definition import Audience, Consent
from perennial.audiences.evaluation import evaluate

PEOPLE, EVENTS, RULES = 40, 160, 60
SEEDS = range(10)


def world(dice: random.Random) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    found = random_rules.people(dice, PEOPLE)
    # Some of those who did something have no profile.
    return found, {name: random_rules.happened(dice, PEOPLE + 5, EVENTS) for name in random_rules.DATASETS}


def naively(
    people: pl.DataFrame, events: dict[str, pl.DataFrame], rules: dict[str, dict], tops: dict[str, dict]
) -> dict[str, set[str]]:
    theirs = {
        person: {name: frame.filter(person_id=person).to_dicts() for name, frame in events.items()}
        for person in people["person_id"]
    }
    members: dict[str, set[str]] = {}
    for name, rule in rules.items():
        met = [
            profile
            for profile in people.to_dicts()
            if naive.meets(rule, profile, theirs[profile["person_id"]], NOW, members)
        ]
        members[name] = naive.first(tops[name], met) if name in tops else {each["person_id"] for each in met}
    return members


def ours(
    people: pl.DataFrame,
    events: dict[str, pl.DataFrame],
    audiences: dict[str, Audience],
    consents: dict[str, Consent] | None = None,
) -> dict[str, set[str]]:
    found = evaluate(people.lazy(), lambda name: events[name].lazy(), audiences, consents or {}, NOW)
    return {name: set(found.filter(audience=name)["person_id"]) for name in audiences}


def rules(dice: random.Random, count: int) -> dict[str, dict]:
    made: dict[str, dict] = {}
    for number in range(count):
        made[f"a{number}"] = random_rules.rule(dice, list(made)[-5:])
    return made


def audience(name: str, rule: dict, **more: object) -> Audience:
    return Audience.model_validate({"name": name, "title": name, "rule": rule, **more})


@pytest.mark.parametrize("seed", SEEDS)
def test_members_are_those_that_plain_python_finds(seed):
    dice = random.Random(seed)
    people, events = world(dice)
    every = rules(dice, RULES)
    tops = {name: random_rules.top(dice) for name in every if dice.random() < 0.3}
    expected = naively(people, events, every, tops)
    made = {name: audience(name, rule, top=tops.get(name)) for name, rule in every.items()}
    found = ours(people, events, made)
    for name, each in made.items():
        assert found[name] == expected[name], (each.rule, each.top)
    # They are no rules that hold for nobody, or for everybody.
    some = [name for name in every if 0 < len(expected[name]) < PEOPLE]
    assert len(some) > RULES / 2


@pytest.mark.parametrize("seed", SEEDS)
def test_who_opted_out_is_in_no_audience_for_marketing_whatever_its_definition(seed):
    dice = random.Random(1_000 + seed)
    people, events = world(dice)
    consent = Consent.model_validate(
        {
            "name": "marketing",
            "title": "Marketing",
            "rule": {
                "none": [
                    {"attribute": "active", "operator": "equals", "value": False},
                    {"event": "app", "where": {"field": "kind", "operator": "equals", "value": "return"}},
                ]
            },
        }
    )
    out = set(people.filter(pl.col("active").not_())["person_id"])
    out |= set(events["app"].filter(pl.col("kind") == "return", pl.col("event_time") < NOW)["person_id"])
    assert out & set(people["person_id"])
    every = {
        name: audience(name, rule, purpose="marketing", top=dice.choice([None, random_rules.top(dice)]))
        for name, rule in rules(dice, RULES).items()
    }
    found = ours(people, events, every, {"marketing": consent})
    assert any(found.values())
    for name, members in found.items():
        assert not members & out, every[name].rule
