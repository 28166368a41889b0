"""Who is in an audience since when, and why: as the lake has it."""

from pathlib import Path

import pytest

from perennial.audiences.comparisons import RuleError
from perennial.stages.audience_history import days, standing, trend
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.eligibility import memberships, some_members, why
from perennial.stages.workspace import Workspace

from . import club
from .club import BUYERS, DAYS, RICH
from .test_audiences import REASON, TOWN, at

AUDIENCES = {"rich": RICH, "buyers": BUYERS, "town": TOWN}
RANKS = [{"ann": 1, "bob": 1}, {"ann": 2, "bob": 1}, {"ann": 1, "bob": 1}]


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Three days; the last two have no towns, so that an audience cannot be evaluated on them."""
    made = club.workspace(tmp_path, AUDIENCES)
    club.bought(made, [("ann", at(DAYS[0])), ("ann", at(DAYS[1]))])
    for day, ranks in zip(DAYS, RANKS, strict=False):
        club.profiles(made, day, ranks, **({"town": ["Ulm", "Bonn"]} if day == DAYS[0] else {}))
        evaluate_audiences(made, day)
    return made


def since(row: dict) -> tuple:
    return row["status"], row["first_qualified"], row["last_qualified"]


def test_members_are_shown_with_since_when_those_who_came_last_first(made):
    members = some_members(made, "rich")
    assert [row["person_id"] for row in members] == ["ann", "bob"]
    assert [since(row) for row in members] == [("entered", DAYS[0], DAYS[2]), ("kept", DAYS[0], DAYS[0])]


def test_of_an_audience_that_could_not_be_evaluated_its_last_members_are_shown(made):
    assert {row["person_id"]: row["as_of"] for row in some_members(made, "town")} == {
        "ann": DAYS[0],
        "bob": DAYS[0],
    }


def test_a_person_is_told_of_all_audiences_they_were_ever_in(made):
    club.profiles(made, DAYS[3], {"bob": 1})
    evaluate_audiences(made, DAYS[3])
    rows = {row["audience"]: row for row in memberships(made, "ann").to_dicts()}
    assert since(rows["rich"]) == ("exited", DAYS[0], DAYS[2])
    assert since(rows["buyers"]) == ("exited", DAYS[1], DAYS[1])
    assert (rows["town"]["status"], rows["town"]["as_of"]) == ("entered", DAYS[0])
    assert memberships(made, "ann")["audience"].to_list()[0] == "town", "those they are in come first"
    assert memberships(made, "nobody").is_empty()


def test_why_somebody_is_in_it_or_not(made):
    found, day = why(made, "buyers", "ann")
    other, _ = why(made, "buyers", "bob")
    assert found is not None
    assert other is not None
    assert (day, found.member, found.findings[0].found) == (DAYS[2], True, 2)
    assert (other.member, other.findings[0].found) == (False, 0)
    assert why(made, "buyers", "guest")[0] is None
    with pytest.raises(RuleError, match="profiles have no town"):
        why(made, "town", "ann")


def test_an_audience_stands_as_of_the_last_day_on_which_it_could_be_evaluated(made):
    recorded, rich, town = days(made), made.audiences["rich"], made.audiences["town"]
    good = standing(rich, recorded)
    assert good["failure"] is None
    assert (good["evaluated"]["as_of"], good["evaluated"]["size"], good["evaluated"]["rows"]) == (
        DAYS[2],
        2,
        2,
    )
    bad = standing(town, recorded)
    assert (bad["evaluated"]["as_of"], bad["evaluated"]["size"]) == (DAYS[0], 2)
    assert (bad["failure"]["as_of"], bad["failure"]["current"]) == (DAYS[2], True)
    assert f"town: {bad['failure']['message']}" == REASON
    assert [each["as_of"] for each in trend(town, recorded)] == DAYS[:1]
    assert [(each["size"], each["entered"], each["exited"]) for each in trend(rich, recorded)] == [
        (2, 2, 0),
        (1, 0, 1),
        (2, 1, 0),
    ]


def test_nothing_is_known_before_the_first_evaluation(tmp_path):
    made = club.workspace(tmp_path, AUDIENCES)
    assert standing(made.audiences["rich"], days(made)) == {"evaluated": None, "failure": None}
    assert some_members(made, "rich") == []
    assert memberships(made, "ann").is_empty()
