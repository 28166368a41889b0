"""Whom an activation is to reach: an audience that could not be evaluated is not one that all have left."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from perennial.activation.definition import Activation
from perennial.activation.desired import desired
from perennial.errors import TerminalError
from perennial.stages.activation import wanted
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.workspace import Workspace

from . import club
from .club import DAYS, RICH

TOWN = {"attribute": "town", "operator": "known"}
AGREES = {"attribute": "agrees", "operator": "equals", "value": True}
ACTIVATION = Activation.model_validate(
    {
        "name": "mail",
        "title": "Mail",
        "destination": {"kind": "sendgrid", "connection": "esp"},
        "audiences": ["rich", "town"],
    }
)
PEOPLE, TOWNS = {"ann": 1, "bob": 1, "cid": 2}, ["Ulm", "Bonn", "Kiel"]


def made(folder: Path, agrees: list[bool | None] | None = None, **town: object) -> Workspace:
    """Everybody is in the town on the first day; on the second, nobody's town is known any more."""
    made = club.workspace(folder, {"rich": RICH, "town": {"rule": TOWN, **town}}, {"news": AGREES})
    club.profiles(made, DAYS[0], PEOPLE, town=TOWNS, agrees=[True] * 3)
    evaluate_audiences(made, DAYS[0])
    more = {} if agrees is None else {"agrees": agrees}
    club.profiles(made, DAYS[1], {"ann": 2, "bob": 1, "cid": 2}, **more)
    evaluate_audiences(made, DAYS[1])
    return made


def reached(made: Workspace, day: date) -> tuple[dict[str, list[str]], dict[str, int]]:
    members, profiles, kept = wanted(made, ACTIVATION, day)
    rows = desired(ACTIVATION, members, profiles).rows()
    return dict(rows.select("person_id", "audiences").iter_rows()), kept


def test_who_was_in_it_last_stays_in_it_and_the_others_go_on(tmp_path):
    workspace = made(tmp_path)
    before = {"ann": ["rich", "town"], "bob": ["rich", "town"], "cid": ["town"]}
    assert reached(workspace, DAYS[0]) == (before, {})
    after = {"ann": ["town"], "bob": ["rich", "town"], "cid": ["town"]}
    assert reached(workspace, DAYS[1]) == (after, {"town": 3})


def test_who_has_no_profile_any_more_does_not_stay(tmp_path):
    workspace = made(tmp_path)
    club.profiles(workspace, DAYS[2], {"ann": 1})
    evaluate_audiences(workspace, DAYS[2])
    assert reached(workspace, DAYS[2])[0] == {"ann": ["rich", "town"]}


def test_who_opted_out_since_does_not_stay(tmp_path):
    workspace = made(tmp_path, [True, False, None], purpose="news")
    assert reached(workspace, DAYS[1]) == ({"ann": ["town"], "bob": ["rich"]}, {"town": 1})


def test_nothing_is_sent_where_it_cannot_be_told_who_opted_out(tmp_path):
    workspace = made(tmp_path, purpose="news")
    with pytest.raises(TerminalError, match="who of its last members consents to news: nothing is sent"):
        wanted(workspace, ACTIVATION, DAYS[1])


def test_a_day_on_which_no_audience_could_be_evaluated_is_no_day_without_evaluation(tmp_path):
    workspace = club.workspace(tmp_path, {"rich": RICH, "town": RICH})
    club.profiles(workspace, DAYS[0], PEOPLE)
    evaluate_audiences(workspace, DAYS[0])
    renamed = pl.DataFrame({"person_id": ["ann"], "email": ["a@example.com"], "as_of": [DAYS[1]]})
    workspace.lake.profiles.replace(renamed, DAYS[1])
    with pytest.raises(TerminalError, match="has nothing as of 2024-03-02"):
        wanted(workspace, ACTIVATION, DAYS[1])
    workspace = club.workspace(tmp_path, {"rich": TOWN, "town": TOWN})
    evaluate_audiences(workspace, DAYS[1])
    assert reached(workspace, DAYS[1])[0] == {"ann": ["rich", "town"]}
