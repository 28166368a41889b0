"""Real tasks of Airflow tell OpenLineage what they read and wrote: a Dag is run, its events go to a file."""

import json
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)
from upgrade.make_lake import deliver

from perennial.operators.lineage import TRANSFORMATIONS

DOCUMENTS = Path(__file__).parents[1] / "upgrade/include"
DAGS = """
from airflow.sdk import DAG
from perennial.operators.assets import AUDIENCES, BOT_DECISIONS, HISTORY, PROFILES, VALUE
from perennial.operators.bots import DecideBotsOperator
from perennial.operators.compute import BuildProfilesOperator, ComputeValueOperator, EvaluateAudiencesOperator
from perennial.operators.signals import IngestOperator

AS_OF = "2024-03-01"
with DAG("told", schedule=None, params={"as_of": AS_OF, "datasets": None}) as told:
    (
        IngestOperator(task_id="ingest", files="history", asset=HISTORY)
        >> ComputeValueOperator(task_id="value", asset=VALUE)
        >> BuildProfilesOperator(task_id="profiles", asset=PROFILES)
        >> EvaluateAudiencesOperator(task_id="audiences", asset=AUDIENCES)
    )
form = {"as_of": AS_OF, "visitors": ["c01@example.com"], "definition": "none", "decision": "", "reason": ""}
with DAG("kept", schedule=None, params=form) as kept:
    DecideBotsOperator(task_id="decide", asset=BOT_DECISIONS)
"""
SCRIPT = """
import os
os.environ.update({environment!r})
from airflow.dag_processing.dagbag import DagBag
dags = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags
for name in ("told", "kept"):
    dags[name].test()
"""


@pytest.fixture(scope="module")
def events(airflow: Any, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("lineage")
    deliver(folder / "landing")
    (folder / "dags").mkdir()
    (folder / "dags/told.py").write_text(DAGS)
    # A database of its own: the server is not to see these Dags.
    with connect(airflow.home / "airflow.db") as theirs, connect(folder / "airflow.db") as ours:
        theirs.backup(ours)
    transport = {"type": "file", "log_file_path": str(folder / "events.jsonl"), "append": True}
    environment = {
        "PERENNIAL_INCLUDE": str(DOCUMENTS),
        "PERENNIAL_STATE": str(folder),
        "PERENNIAL_LAKE": str(folder / "lake"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "perennial",
    }
    airflow.run_python(SCRIPT.format(environment=environment))
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def completed(events: list[dict[str, Any]], task: str) -> dict[str, Any]:
    (event,) = [e for e in events if e["job"]["name"] == f"told.{task}" and e["eventType"] == "COMPLETE"]
    return event


def by_name(datasets: list[dict[str, Any]], ending: str) -> dict[str, Any]:
    (found,) = [each for each in datasets if each["name"].endswith(ending)]
    return found


def sources(dataset: dict[str, Any], column: str) -> set[tuple[str, str, str]]:
    fields = dataset["facets"]["columnLineage"]["fields"][column]["inputFields"]
    return {
        ("/".join(one["name"].split("/")[-2:]), one["field"], one["transformations"][0]["subtype"])
        for one in fields
    }


def test_signals_come_from_files(events):
    event = completed(events, "ingest")
    orders = by_name(event["outputs"], "lake/events/orders")
    assert orders["namespace"] == "file"
    assert orders["outputFacets"]["outputStatistics"]["rowCount"] == 87
    assert orders["outputFacets"]["outputStatistics"]["size"] > 0
    types = {field["name"]: field["type"] for field in orders["facets"]["schema"]["fields"]}
    assert types["amount"] == "decimal(18,2)"
    assert types["event_time"] == "timestamptz"
    assert sources(orders, "event_time") == {("orders/history.csv", "at", "IDENTITY")}
    files = by_name(event["inputs"], "orders/history.csv")["facets"]["schema"]["fields"]
    assert {each["name"] for each in files} == {"at", "order_id", "customer_id", "product_id", "amount"}


def test_value_profiles_and_audiences_follow_each_other(events):
    value = by_name(completed(events, "value")["outputs"], "lake/value/spend")
    assert sources(value, "spend") == {("events/orders", "amount", "AGGREGATION")}
    assert sources(value, "dimension_value") == {("records/products", "category", "IDENTITY")}
    profiles = by_name(completed(events, "profiles")["outputs"], "lake/profiles/snapshot")
    assert profiles["outputFacets"]["outputStatistics"]["rowCount"] == 12
    assert sources(profiles, "spend_1m_decile") == {("value/spend", "spend_decile", "IDENTITY")}
    assert "rfm_segment" not in profiles["facets"]["columnLineage"]["fields"], "there is no such table yet"
    assert sources(profiles, "email_sha256") == {("records/customers", "email", "TRANSFORMATION")}
    audiences = by_name(completed(events, "audiences")["outputs"], "lake/audiences/membership")
    asked = audiences["facets"]["columnLineage"]["dataset"]
    assert [(one["field"], one["transformations"][0]["description"]) for one in asked] == [
        ("spend_lifetime_decile", "audience best")
    ]


def test_all_that_is_told_of_is_there(events):
    """Every column that lineage names is one of the dataset's, and every dataset one of the task's inputs."""
    for event in events:
        known = {
            (each["namespace"], each["name"]): {
                f["name"] for f in each["facets"].get("schema", {}).get("fields", [])
            }
            for each in event.get("inputs", [])
        }
        for output in event.get("outputs", []):
            lineage = output["facets"].get("columnLineage", {"fields": {}})
            own = {field["name"] for field in output["facets"]["schema"]["fields"]}
            assert lineage["fields"].keys() <= own
            every = [use for made in lineage["fields"].values() for use in made["inputFields"]]
            for use in [*every, *lineage.get("dataset", [])]:
                assert use["field"] in known[use["namespace"], use["name"]]


def test_facets_are_those_of_the_specification(events):
    """Each can be made again by OpenLineage's own classes, which refuse what they do not know."""
    classes = {
        "schema": schema_dataset.SchemaDatasetFacet,
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet,
        "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
    }
    seen = set()
    for event in events:
        for dataset in [*event.get("inputs", []), *event.get("outputs", [])]:
            for name, facet in {**dataset["facets"], **dataset.get("outputFacets", {})}.items():
                content = {
                    key: value for key, value in facet.items() if key not in ("_producer", "_schemaURL")
                }
                made = classes[name](**content)
                assert facet["_schemaURL"] == made._get_schema()
                seen.add(name)
    assert seen == classes.keys()
    assert set(TRANSFORMATIONS.values()) >= {
        (done["type"], done["subtype"])
        for event in events
        for output in event.get("outputs", [])
        for made in output["facets"].get("columnLineage", {"fields": {}})["fields"].values()
        for use in made["inputFields"]
        for done in use["transformations"]
    }


def test_nobody_is_named(events):
    """Neither people of the rows, nor whom a form named: of that Dag there is no event."""
    text = json.dumps(events)
    assert "@example.com" not in text
    assert '"c01' not in text
    assert not [event for event in events if event["job"]["name"].startswith("kept")]
    assert {event["job"]["name"] for event in events} >= {"told.ingest", "told.audiences"}
