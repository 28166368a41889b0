"""Everyone who was seen has one profile, with attributes, value and identities, in any order of days."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from perennial.documents import DocumentError
from perennial.lake.tables import Table
from perennial.profiles.build import build, identities, remember
from perennial.profiles.definition import ProfileDefinition
from perennial.signals.dataset import Dataset

DEFINITION = ProfileDefinition(
    name="people",
    title="People",
    person="customer",
    events=["sales"],
    attributes=["crm", "contacts"],
    value=["v"],
)


def dataset(name: str, kind: str, **columns: dict) -> Dataset:
    time = {"event_time": {"type": "timestamp"}} if kind == "event" else {}
    return Dataset.model_validate(
        {
            "name": name,
            "title": name,
            "kind": kind,
            "source": {},
            "key": ["id"],
            "identities": [{"column": "id", "namespace": "customer"}],
            "columns": {**time, "id": {"type": "string", "required": True}, **columns},
        }
    )


DATASETS = {
    "sales": dataset("sales", "event"),
    "crm": dataset("crm", "record", city={"type": "string"}),
    "contacts": dataset("contacts", "record", email={"type": "string"}, city={"type": "string"}),
}


def at(day: int) -> datetime:
    return datetime(2017, 12, day, 12, tzinfo=UTC)


SALES = pl.DataFrame({"id": ["a", "a", "b", "late"], "event_time": [at(1), at(3), at(2), at(30)]})


@pytest.fixture
def people() -> pl.DataFrame:
    crm = pl.DataFrame({"id": ["a", "never"], "city": ["Bern", "Rome"], "batch": ["x", "x"]})
    contacts = pl.DataFrame({"id": ["a", "b"], "email": [" A@Example.com", None], "city": ["Oslo", "Oslo"]})
    value = pl.DataFrame(
        {
            "person_id": ["a", "a", "a"],
            "dimension": ["overall", "department", "department"],
            "dimension_value": ["all", "DELI", "MEAT"],
            "lookback": ["1m", "1m", "1m"],
            "spend": [30, 10, None],
            "spend_decile": [1, 2, None],
        }
    )
    segments = pl.LazyFrame({"person_id": ["a", "never"], "rfm_segment": ["Core", "Core"]})
    frames, values = {"crm": crm.lazy(), "contacts": contacts.lazy()}, {"v": value.lazy()}
    return build(
        DEFINITION, DATASETS, {"sales": SALES.lazy()}, frames, values, [segments], date(2017, 12, 10)
    ).collect()


def test_those_seen_before_the_day_have_one_profile_each(people):
    assert people["person_id"].to_list() == ["a", "b"]
    assert people["first_seen"].to_list() == [at(1), at(2)]
    assert people["last_seen"].to_list() == [at(3), at(2)]


def test_the_first_dataset_that_has_an_attribute_decides_it(people):
    assert people["city"].to_list() == ["Bern", None]


def test_value_is_published_flat_and_by_dimension(people):
    row = people.row(0, named=True)
    assert (row["spend_1m"], row["spend_1m_decile"]) == (30, 1)
    assert row["department.spend_1m_decile"] == [{"key": "DELI", "value": 2}]
    assert people.row(1, named=True)["department.spend_1m"] is None


def test_value_is_published_nested_by_the_name_of_its_document(people):
    assert people.row(0, named=True)["v"] == {
        "deciles": {"spend": {"1m": [{"key": "DELI", "value": 2}, {"key": "all", "value": 1}]}},
        "totals": {"spend": {"1m": [{"key": "DELI", "value": 10}, {"key": "all", "value": 30}]}},
    }
    assert people.row(1, named=True)["v"] is None


def test_a_day_on_which_nobody_has_a_value_has_profiles_all_the_same():
    columns = ("person_id", "dimension", "dimension_value", "lookback", "spend")
    nobody = pl.LazyFrame(schema=dict.fromkeys(columns, pl.String))
    plain = DEFINITION.model_copy(update={"attributes": []})
    found = build(plain, DATASETS, {"sales": SALES.lazy()}, {}, {"v": nobody}, [], date(2017, 12, 10))
    assert found.collect().columns == ["person_id", "first_seen", "last_seen"]


def test_what_has_one_row_a_person_is_taken_as_it_is(people):
    assert people["rfm_segment"].to_list() == ["Core", None]


def test_addresses_are_normalised_and_hashed(people):
    assert people["email"].to_list() == ["a@example.com", None]
    assert people["email_sha256"].str.len_bytes().to_list() == [64, None]


def test_a_dataset_that_does_not_know_the_person_is_named(people):
    stranger = DATASETS["crm"].model_copy(update={"identities": []})
    with pytest.raises(
        DocumentError, match="profile people: dataset crm has no identity in the namespace cust"
    ):
        build(
            DEFINITION, {**DATASETS, "crm": stranger}, {"sales": SALES.lazy()}, {}, {}, [], date(2017, 12, 10)
        )


def test_identities_lead_to_their_person(people):
    found = identities(people.lazy(), DEFINITION).collect()
    assert found.group_by("namespace").len().sort("namespace").rows() == [
        ("customer", 2),
        ("email", 1),
        ("email_sha256", 1),
    ]
    assert set(found.filter(value="a@example.com")["person_id"]) == {"a"}


def test_identities_of_all_days_are_remembered_in_any_order(tmp_path):
    def known(*values: str) -> pl.DataFrame:
        return pl.DataFrame({"namespace": ["n"] * len(values), "value": values, "person_id": values})

    forwards, backwards = Table(str(tmp_path), "f"), Table(str(tmp_path), "b")
    for table, days in (
        (forwards, [known("a"), known("a", "b")]),
        (backwards, [known("a", "b"), known("a")]),
    ):
        for found in days:
            remember(table, found)
    assert forwards.scan().collect().equals(backwards.scan().collect())
    assert backwards.version() == 0, "nothing new is not written"
