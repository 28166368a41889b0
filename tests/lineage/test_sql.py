"""Which columns queries use: of small ones by hand, and of the star schema's."""

from pathlib import Path

import pytest

from perennial.insights.model import load_models
from perennial.lineage.insights import derivations, relations
from perennial.lineage.model import Use, lake
from perennial.lineage.sql import derivation
from perennial.settings import REPOSITORY, Settings
from perennial.stages.workspace import Workspace

A, B = lake("events/a"), lake("records/b")
KNOWN = {"a": (A,), "b": (B,), "both": (A, B)}
COLUMNS = {"a": ["id", "at", "amount"], "b": ["id", "title"]}


def test_columns_are_followed_through_joins_and_steps():
    made = derivation(
        "WITH sums AS (SELECT id, sum(amount) AS total FROM a GROUP BY ALL) "
        "SELECT title, upper(title) AS loud, total * 2 AS twice, 1 AS one FROM sums JOIN b USING (id)",
        KNOWN,
        COLUMNS,
    )
    assert made.columns == {
        "title": (Use(B, "title", "identity"),),
        "loud": (Use(B, "title", "transformation"),),
        "twice": (Use(A, "amount", "aggregation"),),
    }
    assert made.inputs == {A, B}


def test_columns_of_what_is_no_table_as_it_is_are_not_claimed():
    made = derivation("SELECT id, count(*) AS n FROM both GROUP BY id", KNOWN, COLUMNS)
    assert not made.columns
    assert made.inputs == {A, B}


def test_a_query_that_cannot_be_read_still_names_its_tables():
    made = derivation("SELECT id FROM a BETWEEN $since AND $until", KNOWN, COLUMNS)
    assert not made.columns
    assert made.inputs == {A}


@pytest.fixture(scope="module")
def star(tmp_path_factory):
    """How each table of the star schema is made, if the lake's tables have the columns that are declared."""
    folder: Path = tmp_path_factory.mktemp("lake")
    documents = Workspace(Settings(REPOSITORY / "include", str(folder), str(folder), folder))
    models = load_models(REPOSITORY / "include/sql/insights")
    declared = {}
    for made in relations(documents).values():
        for dataset in made:
            if dataset.place == "lake" and (schema := documents.lake.named(dataset.name).schema) is not None:
                declared[dataset] = schema.names()
    declared[lake("value_by_decile/customer_value")] = [
        "as_of", "dimension", "lookback", "metric", "dimension_value", "decile", "customers", "total",
        "least", "most",
    ]  # fmt: skip
    return {model.name: made for model, made in derivations(documents, models.values(), declared)}


def test_facts_of_the_star_schema_come_from_tables_of_the_lake(star):
    fact = star["fact_value_by_decile"]
    source = lake("value_by_decile/customer_value")
    assert fact.columns["metric_sum"] == (Use(source, "total", "identity"),)
    assert fact.columns["date_key"] == (Use(source, "as_of", "transformation"),)
    mails = star["fact_email_response"]
    assert Use(lake("responses/email_events"), "campaign_id", "identity") in mails.columns["campaign_id"]
    assert mails.inputs >= {lake("responses/email_events"), lake("profiles/snapshot")}


def test_every_fact_of_the_star_schema_is_made_of_something(star):
    """Views are of the store's own tables, and some dimensions of documents alone."""
    views = {"adwh_fact_profile_by_trendlines", *(name for name in star if name.endswith("_trendlines"))}
    assert {name for name, made in star.items() if "fact_" in name and not made.inputs} == views
    known = sum(bool(made.columns) for made in star.values())
    assert known >= 25, "columns of most tables can be followed"
