"""Every block of an explanation says what plain Python finds, and all of it together who is a member."""

import random
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from audiences import naive, random_rules
from audiences.random_rules import NOW
from audiences.test_random_rules import audience, naively, ours, rules, world

from perennial.audiences.definition import Audience, Consent
from perennial.audiences.evaluation import in_order
from perennial.audiences.explanation import Explanation, Finding, explain

RULES, PEOPLE = 20, 3


def why(
    person: str,
    people: pl.DataFrame,
    events: dict[str, pl.DataFrame],
    audiences: dict[str, Audience],
    name: str,
    consents: dict[str, Consent] | None = None,
) -> Explanation | None:
    order = in_order(audiences, consents or {}, [name])
    shop = {each: frame.lazy() for each, frame in events.items()}
    return explain(person, people.lazy(), shop.__getitem__, order, consents or {}, NOW, {"shop": "Purchases"})


def each(finding: Finding, rule: dict) -> Iterator[tuple[Finding, dict]]:
    yield finding, rule
    for word in ("all", "any", "none"):
        for inner, theirs in zip(finding.inner, rule.get(word) or [], strict=False):
            yield from each(inner, theirs)


@pytest.mark.parametrize("seed", range(3))
def test_each_block_says_what_plain_python_finds(seed):
    dice = random.Random(700 + seed)
    people, events = world(dice)
    made = rules(dice, RULES)
    members = naively(people, events, made, {})
    audiences = {name: audience(name, rule) for name, rule in made.items()}
    blocks = 0
    for name, rule in made.items():
        for profile in dice.sample(people.to_dicts(), PEOPLE):
            person = profile["person_id"]
            theirs = {dataset: frame.filter(person_id=person).to_dicts() for dataset, frame in events.items()}
            found = why(person, people, events, audiences, name)
            assert found is not None
            assert found.member == (person in members[name])
            for finding, said in each(found.findings[0], rule):
                assert finding.holds == naive.meets(said, profile, theirs, NOW, members), said
                blocks += 1
    assert blocks > RULES * PEOPLE * 1.5


PERSON = {"person_id": "ann", "rank": 5, "name": None, "ranks": [{"key": "A", "value": 2}], "seen": NOW}
OTHER = {"person_id": "bob", "rank": 1, "name": "bo", "ranks": None, "seen": None}
TWO = pl.DataFrame([PERSON, OTHER], schema_overrides={"ranks": random_rules.PROFILES["ranks"]})
BOUGHT = pl.DataFrame({"person_id": ["ann", "ann"], "event_time": [NOW.replace(day=2), NOW.replace(day=30)]})


def asked(rule: dict, person: str = "ann", **more: Any) -> Explanation:
    found = why(person, TWO, {"shop": BOUGHT}, {"it": audience("it", rule, **more)}, "it")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rule", "text", "holds", "found"),
    [
        ({"attribute": "rank", "operator": "at_most", "value": 2}, "rank is at most 2", False, 5),
        ({"attribute": "name", "operator": "unknown"}, "name is not known", True, None),
        ({"attribute": "ranks", "key": "A", "operator": "equals", "value": 2}, "ranks of A is 2", True, 2),
        ({"attribute": "ranks", "key": "B", "operator": "known"}, "ranks of B is known", False, None),
        ({"event": "shop", "operator": "at_least", "value": 3}, "“Purchases” at least 3 times", False, 2),
        ({"event": "shop", "within_last": "2 days"}, "“Purchases” within the last 2 days", True, 1),
        ({"sequence": [{"event": "shop"}, {"event": "shop"}]}, "“Purchases” then “Purchases”", True, None),
    ],
)
def test_a_block_says_what_was_found(rule, text, holds, found):
    kind = next(each for each in ("attribute", "event", "sequence") if each in rule)
    assert asked(rule).findings == (Finding("", kind, text, holds, found),)


def test_who_has_done_nothing_has_done_it_no_times():
    rule = {"event": "shop", "operator": "at_most", "value": 1}
    assert asked(rule, "bob").findings[0].found == 0


def test_what_it_is_compared_with_is_said_where_the_rule_does_not_say_it():
    ago = {"attribute": "seen", "operator": "at_least", "value": {"now": "-30 days"}}
    (finding,) = asked(ago).findings
    assert (finding.holds, finding.found, finding.against) == (True, NOW, NOW.replace(day=1))
    other = {"attribute": "rank", "operator": "more_than", "value": {"field": "ranks", "key": "A"}}
    assert asked(other).findings[0].against == 2


def test_groups_are_explained_from_within():
    rank = {"attribute": "rank", "operator": "equals", "value": 5}
    lucky = {"share": 0.5, "seed": "a"}
    (group,) = asked({"none": [rank, {"any": [rank, lucky]}]}).findings
    assert (group.text, group.holds, [each.path for each in group.inner]) == (
        "none of these",
        False,
        ["none[0]", "none[1]"],
    )
    (first, second) = group.inner[1].inner
    assert (first.path, first.holds, second.path) == ("none[1].any[0]", True, "none[1].any[1]")
    assert second.found == pytest.approx(float(naive.thrown("a", "ann")))
    assert second.holds == (second.found < 0.5)


def test_all_that_members_must_meet_is_explained():
    consents = {"ads": Consent.model_validate({"name": "ads", "title": "Ads", "rule": {"event": "shop"}})}
    rank = {"attribute": "rank", "operator": "at_least", "value": 1}
    made = audience("it", rank, purpose="ads", top={"by": "rank", "most": 1, "least_first": True})
    ann = why("ann", TWO, {"shop": BOUGHT}, {"it": made}, "it", consents)
    bob = why("bob", TWO, {"shop": BOUGHT}, {"it": made}, "it", consents)
    assert ann is not None
    assert bob is not None
    assert (ann.member, bob.member) == (True, False)
    assert [each.path for each in ann.findings] == ["", "purpose", "top"]
    assert [each.holds for each in ann.findings] == [True, True, True]
    assert [each.holds for each in bob.findings] == [True, False, False]
    top = ann.findings[2]
    assert (top.text, top.found, top.against) == ("among the person with the least rank", 5, 5)


def test_who_has_no_profile_cannot_be_in_any():
    assert why("cid", TWO, {"shop": BOUGHT}, {"it": audience("it", {"event": "shop"})}, "it") is None


def test_the_places_of_those_who_are_among_the_first_are_those_of_everybody():
    dice = random.Random(9)
    people, events = world(dice)
    made = {"it": audience("it", {"event": "shop"}, top={"by": "rank", "most": 5})}
    members = ours(people, events, made)["it"]
    assert len(members) == 5
    for person in people["person_id"].head(12):
        found = why(person, people, events, made, "it")
        assert found is not None
        assert found.member == (person in members)
