"""Each match's document is a Dag, at its own times; a broken one says why and stops no other."""

from collections.abc import Iterator

import pytest
from dags.bags import dags_of

from perennial.settings import REPOSITORY

DOCUMENT = (REPOSITORY / "docs/examples/matching/matches/catalogues.yaml").read_text()


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """The Dags of four documents."""
    documents = {
        "daily": DOCUMENT,
        "timed": DOCUMENT + "schedule: weekly\n",
        "asked": DOCUMENT + "schedule: by_hand\n",
        "broken": DOCUMENT + "schedule: sometimes\n",
    }
    with dags_of(tmp_path_factory.mktemp("airflow"), "matches.py", "matches", documents) as found:
        yield found


def test_every_document_is_a_dag_with_an_asset_of_its_own(dags):
    assert sorted(dags) == [f"match_{name}" for name in ("asked", "broken", "daily", "timed")]
    for name, dag in dags.items():
        task = dag.get_task("match")
        assert [asset.name for asset in task.outlets] == [f"perennial/matches/{name.removeprefix('match_')}"]
        assert (task.owner, task.retries, dag.max_active_runs) == ("data-engineering", 3, 1)


def test_it_follows_the_signals_or_the_clock_or_a_person(dags):
    assert "perennial/signals" in str(dags["match_daily"].timetable.asset_condition)
    assert dags["match_timed"].timetable.expression == "0 0 * * 1"
    assert not dags["match_asked"].timetable.can_be_scheduled


def test_one_that_cannot_be_read_says_why(dags):
    broken = dags["match_broken"]
    assert "expected after_signals, by_hand" in broken.doc_md
    assert "broken" in broken.tags
    assert not broken.timetable.can_be_scheduled
