"""Each activation's document is a Dag, at its own times; a broken one says why and stops no other."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.settings import REPOSITORY

DOCUMENT = """
title: Partners
destination: {kind: braze, connection: braze_default}
audiences: [top_spenders]
"""


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """The Dags of four documents."""
    home = tmp_path_factory.mktemp("airflow")
    folder, include = home / "dags", home / "include" / "activations"
    folder.mkdir()
    include.mkdir(parents=True)
    shutil.copy(REPOSITORY / "dags" / "activation.py", folder)
    (include / "daily.yaml").write_text(DOCUMENT)
    (include / "timed.yaml").write_text(DOCUMENT + "schedule: 30 6 * * *\n")
    (include / "asking.yaml").write_text(DOCUMENT + "approval: {hours: 3}\n")
    (include / "broken.yaml").write_text(DOCUMENT + "schedule: sometimes\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home}/airflow.db")
        patch.setenv("PERENNIAL_INCLUDE", str(include.parent))
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dag_folder=str(folder), bundle_path=Path(folder))
        assert not bag.import_errors
        yield bag.dags


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
