"""What the shipped documents tell of each table: worked out by hand from the documents."""

from pathlib import Path

import pytest

from perennial.activation.definition import Activation
from perennial.audiences.definition import Audience
from perennial.documents import load
from perennial.lineage.destinations import activated, destination
from perennial.lineage.model import Dataset, Derivation, Use, lake
from perennial.lineage.signals import fixed
from perennial.lineage.tables import derivation, is_told, matched
from perennial.matching.definition import PeopleMatch
from perennial.settings import REPOSITORY, Settings
from perennial.stages.workspace import Workspace

RECEIPTS, PRODUCTS, PEOPLE = lake("events/transactions"), lake("records/products"), lake("profiles/snapshot")
FILES = Dataset("landing", "transactions/daily")


@pytest.fixture
def documents(tmp_path: Path) -> Workspace:
    return Workspace(Settings(REPOSITORY / "include", str(tmp_path), str(tmp_path), tmp_path))


def come_from(made: Derivation, column: str) -> set[tuple[Dataset, str, str]]:
    return {(use.dataset, use.column, use.how) for use in made.columns[column]}


def test_columns_of_signals_come_from_fields_of_their_files(documents):
    made = derivation(documents, "events/transactions", {"transactions": FILES})
    assert come_from(made, "event_time") == {(FILES, "transaction_timestamp", "identity")}
    assert come_from(made, "store_id") == {(FILES, "store_id", "identity")}
    assert come_from(made, "event_id") == {
        (FILES, key, "transformation") for key in ("basket_id", "product_id")
    }
    assert all(use.masked for use in made.columns["event_id"])
    assert made.inputs == {FILES}
    raw = derivation(documents, "quarantine/transactions", {"transactions": FILES}).columns["raw"]
    assert {use.column for use in raw} >= {"transaction_timestamp", "sales_value"}


def test_value_comes_from_what_metrics_and_dimensions_name(documents):
    made = derivation(documents, "value/customer_value")
    assert come_from(made, "spend") == {(RECEIPTS, "sales_value", "aggregation")}
    assert come_from(made, "baskets_decile") == {(RECEIPTS, "basket_id", "transformation")}
    assert come_from(made, "dimension_value") == {(PRODUCTS, "department", "identity")}
    assert come_from(made, "person_id") == {(RECEIPTS, "household_id", "identity")}
    assert "1m, 3m, 6m, 9m, 12m, lifetime" in made.columns["spend"][0].note
    assert {(use.dataset, use.column) for use in made.rows if use.how == "join"} == {
        (RECEIPTS, "product_id"),
        (PRODUCTS, "product_id"),
    }
    deciles = derivation(documents, "value_by_decile/customer_value")
    assert come_from(deciles, "total") == {
        (lake("value/customer_value"), metric, "aggregation") for metric in ("spend", "baskets")
    }


def test_scores_and_predictions_come_from_orders(documents):
    assert come_from(derivation(documents, "rfm/rfm"), "frequency") == {
        (RECEIPTS, "basket_id", "transformation")
    }
    assert come_from(derivation(documents, "rfm/rfm"), "revenue") == {
        (RECEIPTS, "sales_value", "aggregation")
    }
    predicted = {
        (use.dataset, use.column)
        for use in derivation(documents, "lifetime/lifetime").columns["predicted_value"]
    }
    assert predicted == {
        (RECEIPTS, "event_time"),
        (RECEIPTS, "basket_id"),
        (RECEIPTS, "sales_value"),
        (lake("models/lifetime"), "fits"),
    }


def test_attributes_of_profiles_name_the_lookback_that_they_are_of(documents):
    made = derivation(documents, "profiles/snapshot")
    (spend,) = made.columns["spend_12m_decile"]
    assert spend == Use(lake("value/customer_value"), "spend_decile", "identity", "lookback 12m")
    assert come_from(made, "department.baskets_1m") == {
        (lake("value/customer_value"), "baskets", "identity"),
        (lake("value/customer_value"), "dimension_value", "identity"),
    }
    assert come_from(made, "rfm_segment") == {(lake("rfm/rfm"), "segment", "identity")}
    assert come_from(made, "household_size") == {(lake("records/households"), "household_size", "identity")}
    (digest,) = made.columns["email_sha256"]
    assert (digest.dataset, digest.column, digest.masked) == (lake("records/contacts"), "email", True)
    assert (RECEIPTS, "store_id", "aggregation") in come_from(made, "stores_3m")
    assert come_from(made, "abandoned_browse_price") == {
        (lake("left_behind/abandoned_browse"), "price", "identity")
    }


def test_audiences_tell_which_attributes_and_events_their_rules_read(documents):
    made = derivation(documents, "audiences/membership")
    read = {(use.note, use.dataset, use.column) for use in made.rows}
    assert ("audience top_spenders", PEOPLE, "spend_12m_decile") in read
    assert ("audience big_baskets", RECEIPTS, "sales_value") in read
    assert ("audience regulars_of_367", PEOPLE, "stores_3m") in read
    assert {use.how for use in made.rows} <= {"filter", "sort"}


def test_a_rule_on_events_may_ask_for_records_and_be_ordered(documents):
    rule = {
        "all": [
            {
                "event": "transactions",
                "where": {"field": "products.department", "operator": "equals", "value": "DELI"},
            },
            {"audience": "top_spenders"},
        ]
    }
    said = {"name": "deli", "title": "Deli", "rule": rule, "top": {"by": "spend_12m", "most": 5}}
    documents.audiences.clear()
    documents.audiences["deli"] = Audience.model_validate(said)
    rows = derivation(documents, "audiences/membership").rows
    assert Use(PRODUCTS, "department", "filter", "audience deli") in rows
    assert Use(PEOPLE, "spend_12m", "sort", "audience deli") in rows
    assert "DELI" not in str(rows), "names of columns only"


def test_activations_tell_which_attribute_each_field_is(documents):
    folder = documents.settings.include / "activations"
    activation = load(folder / "email.yaml", Activation)
    made = activated(documents, activation)
    assert come_from(made, "spend_decile_12m") == {(PEOPLE, "spend_12m_decile", "identity")}
    assert come_from(made, "deli_decile_12m") == {(PEOPLE, "department.spend_12m_decile", "identity")}
    assert come_from(made, "email") == {(PEOPLE, "email", "identity")}
    assert "DELI" not in str(made)
    assert (lake("audiences/membership"), "audience") in {(use.dataset, use.column) for use in made.rows}
    assert destination(activation) == Dataset("elsewhere", "sendgrid://sendgrid_default/email")
    agency = load(folder / "agency.yaml", Activation)
    assert destination(agency) == Dataset("exports", "agency")
    assert come_from(activated(documents, agency), "MEMBERSHIP") == {
        (lake("audiences/membership"), "status", "identity")
    }


def test_pairs_come_from_the_columns_that_are_compared(documents):
    sides = {
        "left": {"dataset": "contacts", "key": "household_id"},
        "right": {"table": "queries/members", "key": "id"},
    }
    compare = {"email": "exact", "town": {"by": "text", "right": "city"}}
    match = PeopleMatch.model_validate(
        {
            "name": "m",
            "title": "M",
            **sides,
            "threshold": 0.9,
            "compare": compare,
            "blocks": [["email"], ["town"]],
        }
    )
    made = matched(documents, match)
    assert come_from(made, "right_town") == {(lake("queries/members"), "city", "identity")}
    assert (lake("records/contacts"), "email", "transformation") in come_from(made, "score")


def test_tables_about_the_work_are_left_out():
    told = ["events/transactions", "identity/mapping", "quarantine/transactions", "signals/expectations"]
    assert all(map(is_told, told))
    assert not any(
        map(is_told, ["ledger/customer_value", "signals/batches", "days/seen", "privacy/certificates"])
    )


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [
        ("transactions/daily/{day}.csv", "transactions/daily"),
        ("s3://bucket/a/*/part-[0-9].parquet", "s3://bucket/a"),
        ("one.csv", "one.csv"),
        ("*.csv", "."),
    ],
)
def test_files_are_known_by_their_folder(pattern, folder):
    assert fixed(pattern) == folder
