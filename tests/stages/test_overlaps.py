"""How many people are in two audiences: counted here by hand."""

from pathlib import Path

import pytest

from perennial.audiences.comparisons import RuleError
from perennial.audiences.definition import Audience
from perennial.stages.overlaps import overlap
from perennial.stages.workspace import Workspace

from . import club
from .club import DAYS, RICH
from .test_audiences import at

TOP_TWO = {"attribute": "rank", "operator": "at_most", "value": 2}
BUYERS = {"event": "shop", "within_last": "2 days"}
AUDIENCES = {
    "rich": RICH,
    "top": TOP_TWO,
    "buyers": BUYERS,
    "rich_buyers": {"all": [{"audience": "rich"}, BUYERS]},
    "old": {"rule": RICH, "state": "inactive"},
}


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Ranks 1, 1, 2, 3 and 3; the first, the third and the fourth have bought."""
    made = club.workspace(tmp_path, AUDIENCES)
    club.profiles(made, DAYS[1], {"ann": 1, "bob": 1, "cid": 2, "dan": 3, "eve": 3})
    club.bought(made, [(name, at(DAYS[0])) for name in ("ann", "ann", "cid", "dan", "guest")])
    return made


def test_sizes_shares_and_jaccards_index(made):
    found = overlap(made, made.audiences["top"], "buyers").as_dict()
    assert (found["size"], found["other_size"], found["both"], found["people"]) == (3, 3, 2, 5)
    assert (found["share"], found["other_share"], found["jaccard"]) == (2 / 3, 2 / 3, 2 / 4)
    assert (found["as_of"], found["snapshot"], found["other_title"]) == (DAYS[1], 0, "Buyers")


@pytest.mark.parametrize(("one", "other"), [("top", "buyers"), ("rich", "rich_buyers")])
def test_it_is_the_same_from_both_sides(made, one, other):
    here, there = overlap(made, made.audiences[one], other), overlap(made, made.audiences[other], one)
    assert (here.size, here.other_size, here.both) == (there.other_size, there.size, there.both)


def test_a_rule_that_is_being_changed_meets_others_as_they_are_published(made):
    changed = Audience.model_validate({"name": "rich", "title": "Draft", "rule": TOP_TWO})
    found = overlap(made, changed, "rich_buyers")
    # Were the other one made of the changed rule, it would have two.
    assert (found.size, found.other_size, found.both) == (3, 1, 1)


def test_nobody_in_either_is_no_division_by_zero(made):
    rule = {"none": [{"attribute": "rank", "operator": "known"}]}
    nobody = Audience.model_validate({"name": "draft", "title": "Draft", "rule": rule})
    found = overlap(made, nobody, "buyers").as_dict()
    assert (found["size"], found["share"], found["other_share"], found["jaccard"]) == (0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("other", ["old", "nix"])
def test_only_published_audiences_can_be_compared_with(made, other):
    with pytest.raises(RuleError, match=f"no published audience {other} to compare it with"):
        overlap(made, made.audiences["rich"], other)


def test_a_circle_is_refused(made):
    circle = Audience.model_validate({"name": "rich", "title": "Draft", "rule": {"audience": "rich_buyers"}})
    with pytest.raises(RuleError, match="it is made of itself"):
        overlap(made, circle, "top")
