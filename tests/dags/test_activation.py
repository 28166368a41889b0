"""Each activation's document is a Dag, at its own times; a broken one says why and stops no other."""

from collections.abc import Iterator

import pytest
from dags.bags import dags_of

DOCUMENT = """
title: Partners
destination: {kind: braze, connection: braze_default}
audiences: [top_spenders]
"""


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """The Dags of four documents."""
    documents = {
        "daily": DOCUMENT,
        "timed": DOCUMENT + "schedule: 30 6 * * *\n",
        "asking": DOCUMENT + "approval: {hours: 3}\n",
        "broken": DOCUMENT + "schedule: sometimes\n",
    }
    with dags_of(tmp_path_factory.mktemp("airflow"), "activation.py", "activations", documents) as found:
        yield found


def test_every_document_runs(dags):
    assert sorted(dags) == [f"activation_{name}" for name in ("asking", "broken", "daily", "timed")]
    for name, dag in dags.items():
        (asset,) = dag.get_task("activate").outlets
        assert asset.name == f"perennial/activation/{name.removeprefix('activation_')}"


def test_it_follows_the_evaluation_or_has_times_of_its_own(dags):
    assert "perennial/audiences" in str(dags["activation_daily"].timetable.asset_condition)
    assert dags["activation_timed"].timetable.expression == "30 6 * * *"
    assert dags["activation_timed"].get_task("activate").upstream_task_ids == set()


def test_a_person_is_asked_where_the_document_wants_it(dags):
    dag = dags["activation_asking"]
    assert dag.get_task("activate").upstream_task_ids == {"approve"}
    assert dag.get_task("approve").response_timeout.total_seconds() == 3 * 3600


def test_a_document_that_cannot_be_read_says_why(dags):
    dag = dags["activation_broken"]
    assert "broken" in dag.tags
    assert "expected after_evaluation, hourly" in dag.doc_md
