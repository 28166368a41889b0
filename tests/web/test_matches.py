"""The pages about matches: how many are matched, which pairs to look at, and for whom."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl
import pytest
from web.airflow_server import AirflowServer

from perennial.lake.catalog import Lake
from perennial.queries.outputs import write
from perennial.stages.matches import Bar
from perennial.stages.matching import run_match
from perennial.stages.workspace import Workspace
from perennial.web.matches_pages import HEIGHT, WIDTH, drawn, position, weight

NOW = datetime(2018, 1, 2, 6, 30, tzinfo=UTC)
PRODUCTS = """
title: A supplier's <list>
description: Which of theirs is ours.
kind: products
left: {table: queries/ours, key: sku}
right: {table: queries/theirs, key: item}
text: [name]
threshold: 0.4
review: 0.1
"""
PEOPLE = """
title: Members
left: {dataset: contacts, key: household_id}
right: {table: queries/members, key: number}
compare: {surname: name, email: code}
blocks: [[surname], [email]]
threshold: 0.9
"""


@pytest.fixture
def matched(airflow: AirflowServer, lake: Lake) -> Iterator[None]:
    """A match of products that has run, one of people as a run would leave it, and one nobody can read."""
    folder = airflow.include / "matches"
    folder.mkdir(exist_ok=True)
    for name, text in (("list", PRODUCTS), ("members", PEOPLE), ("broken", "title: Broken\n")):
        (folder / f"{name}.yaml").write_text(text)
    ours = pl.DataFrame({"sku": [1, 2], "name": ["Sony <Turntable> PSLX350H", "Tea kettle"]})
    theirs = pl.DataFrame(
        {"item": ["a", "b"], "name": ["PS-LX350H Sony turntable", "Kettle drum with sticks and stand"]}
    )
    write(lake.root, "queries/ours", ours, "overwrite", (), "")
    write(lake.root, "queries/theirs", theirs, "overwrite", (), "")
    run_match(Workspace(airflow.settings), "list", NOW)
    why = [("surname: nearly the same", 6.2), ("email: different", -1.2)]
    pair = {
        "left_household_id": "7",
        "left_surname": "Smith",
        "right_number": "m1",
        "right_surname": "Smyth",
        "score": 0.97,
        "weight": 5.0,
        "outcome": "matched",
        "why": [{"what": what, "weight": weighs} for what, weighs in why],
    }
    write(lake.root, "matches/members", pl.DataFrame([pair]), "overwrite", (), "")
    levels = [{"field": "surname", "outcome": "the same", "m": 0.5, "u": 0.125},
              {"field": "surname", "outcome": "different", "m": None, "u": 0.875}]  # fmt: skip
    run = {
        "match": "members",
        "at": NOW,
        "inputs": "",
        "left_rows": 100,
        "right_rows": 50,
        "matched": 1,
        "unsure": 0,
        "threshold": 0.9,
        "learned": json.dumps({"prior": 0.002, "levels": levels}),
    }
    lake.matching_runs.append(pl.DataFrame([run], schema=lake.matching_runs.schema))
    yield
    for name in ("list", "members", "broken"):
        (folder / f"{name}.yaml").unlink()


def test_all_matches_are_listed_and_one_that_cannot_be_read_says_why(viewer, matched):
    page = viewer.page("/matches")
    assert "A supplier&#39;s &lt;list&gt;" in page
    assert "2 Jan 2018" in page
    assert "threshold: Field required" in page
    assert "matches/list" not in page, "whoever may not see rows is not led there"


def test_rows_are_for_those_who_define_audiences(viewer, editor, matched):
    assert viewer.get("/matches/members").status_code == 403
    assert "Smyth" in editor.page("/matches/members")


def test_products_tell_scores_pairs_and_the_words_that_count(admin, matched):
    page = admin.page("/matches/list")
    assert "Sony &lt;Turntable&gt; PSLX350H" in page
    assert "pslx350h" in page
    assert "threshold 0.4" in page
    assert page.count('<span class="badge good">') == 1
    assert page.count('<span class="badge warn">') == 1
    assert "Pairs next to the threshold" in page
    assert "Pairs next to the score 0.9" in admin.page("/matches/list", around="0.9")


def test_people_tell_what_was_learned(admin, matched):
    page = admin.page("/matches/members")
    assert "surname: nearly the same" in page
    assert "+6.2" in page
    assert "About 10 pairs are expected" in page
    assert "+2.0" in page, "half of the matches, an eighth of the others: two bits"


def test_what_has_not_run_says_how_and_what_is_not_there_is_not_found(admin, airflow, matched):
    (airflow.include / "matches" / "members.yaml").rename(airflow.include / "matches" / "later.yaml")
    try:
        assert "Run the Dag <code>match_later</code> once" in admin.page("/matches/later")
    finally:
        (airflow.include / "matches" / "later.yaml").rename(airflow.include / "matches" / "members.yaml")
    assert admin.get("/matches/nothing").status_code == 404


def test_a_run_leads_to_its_match(admin):
    assert 'data-page="matches/list"' in admin.page("/runs", dag="match_list", run="x")


def test_bars_fill_the_picture_and_what_is_there_is_seen():
    bars = [Bar(0.5, 0.75, 0, 3), Bar(0.75, 1.0, 900, 100)]
    first, second = drawn(bars)
    assert second.matched + second.unsure == HEIGHT
    assert (first.matched, first.unsure) == (0.0, 1.5)
    assert position(bars, 0.75) == WIDTH / 2
    assert weight({"m": 0.5, "u": 0.125}) == "+2.0"
    assert weight({"m": None, "u": 0.5}) == "–"
