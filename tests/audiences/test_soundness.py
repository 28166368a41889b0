"""An audience that cannot be evaluated stops those that are made of it, and no others."""

import random
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from audiences import random_rules
from audiences.random_rules import NOW
from audiences.test_random_rules import audience, rules, world
from polars.testing import assert_frame_equal

from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import evaluate
from perennial.audiences.soundness import evaluate_sound
from perennial.documents import DocumentError

PEOPLE = pl.LazyFrame({"person_id": ["ann", "bob"], "rank": [1, 2]})
SHOP = pl.LazyFrame({"person_id": ["ann"], "event_time": [datetime(2024, 3, 30, tzinfo=UTC)]})
SOUND = {"attribute": "rank", "operator": "at_most", "value": 1}
UNSOUND: dict[str, dict[str, Any]] = {
    "lost": {"all": [SOUND, {"attribute": "town", "operator": "known"}]},
    "alike": {"attribute": "rank", "operator": "contains", "value": "x"},
    "gone": {"none": [{"event": "till"}]},
    "far": {"event": "shop", "within_last": "999999999 years"},
    "one": {"audience": "other"},
    "other": {"audience": "one"},
    "nobody": {"any": [SOUND, {"audience": "unknown"}]},
}


def events(dataset: str) -> pl.LazyFrame:
    if dataset != "shop":
        raise DocumentError(f"no dataset {dataset}; there is shop")
    return SHOP


def every(**more: dict) -> dict[str, Audience]:
    return {
        name: audience(name, rule)
        for name, rule in {"first": SOUND, **more, "last": {"event": "shop"}}.items()
    }


@pytest.mark.parametrize("name", UNSOUND)
def test_others_are_evaluated_and_the_failure_says_where_it_is(name):
    asked = {name: UNSOUND[name], "outer": {"all": [{"audience": name}, SOUND]}}
    if name == "one":
        asked["other"] = UNSOUND["other"]
    found, failed = evaluate_sound(PEOPLE, events, every(**asked), {}, NOW)
    assert set(failed) == set(asked)
    assert found.select("audience", "person_id").rows() == [("first", "ann"), ("last", "ann")]
    assert failed[name].startswith(f"{name}: ")
    assert failed["outer"].startswith("outer: it is made of what cannot be evaluated: ")
    assert failed["outer"].count("\n") == 0


def test_the_reasons():
    _, failed = evaluate_sound(PEOPLE, events, every(**UNSOUND), {}, NOW)
    assert failed["lost"] == "lost: all[1]: profiles have no town; they have person_id, rank"
    assert failed["alike"] == "alike: contains is for text; rank is Int64"
    assert failed["gone"] == "gone: none[0].event: no dataset till; there is shop"
    assert failed["far"].startswith("far: it cannot be computed: cannot advance '2024-03-31 00:00:00'")
    assert failed["one"].endswith("other: it is made of itself: one of other of one")
    assert failed["nobody"].startswith("nobody: any[1]: there is no published audience unknown")


def test_a_purpose_that_nothing_is_known_of_stops_the_audience():
    asked = every(ad=SOUND) | {"ad": audience("ad", SOUND, purpose="ads")}
    _, failed = evaluate_sound(PEOPLE, events, asked, {}, NOW)
    assert failed == {"ad": "ad: purpose: nothing says who consents to ads; known: []"}


def test_all_of_them_may_be_wrong():
    found, failed = evaluate_sound(PEOPLE, events, {"lost": audience("lost", UNSOUND["lost"])}, {}, NOW)
    assert (found.height, list(failed)) == (0, ["lost"])


def test_an_error_of_the_data_is_nobodys_failure():
    broken = PEOPLE.with_columns(pl.col("rank").cast(pl.String).str.to_date("%d.%m.%Y").dt.year())
    with pytest.raises(pl.exceptions.InvalidOperationError):
        evaluate_sound(broken, events, every(), {}, NOW)


@pytest.mark.parametrize("seed", range(3))
def test_members_of_the_others_are_those_that_they_have_alone(seed):
    dice = random.Random(500 + seed)
    people, happened = world(dice)
    asked = {name: audience(name, rule) for name, rule in rules(dice, 30).items()}
    lost = {name: audience(name, {"any": [each.condition.model_dump(exclude_none=True), {"audience": "nix"}]})
            for name, each in asked.items() if dice.random() < 0.2}  # fmt: skip
    shop = {name: happened[name].lazy() for name in random_rules.DATASETS}
    found, failed = evaluate_sound(people.lazy(), shop.__getitem__, asked | lost, {}, NOW)
    assert set(lost) <= set(failed) < set(asked)
    kept = {name: each for name, each in asked.items() if name not in failed}
    alone = evaluate(people.lazy(), shop.__getitem__, kept, {}, NOW)
    assert_frame_equal(found, alone, check_row_order=False)
