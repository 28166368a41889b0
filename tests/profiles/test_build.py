"""Everyone who was seen has one profile, with attributes, value and identities, in any order of days."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from perennial.profiles.build import build, merged


def at(day: int) -> datetime:
    return datetime(2017, 12, day, 12, tzinfo=UTC)


SALES = pl.DataFrame({"person_id": ["a", "a", "b", "late"], "event_time": [at(1), at(3), at(2), at(30)]})


@pytest.fixture
def people() -> pl.DataFrame:
    crm = pl.DataFrame({"person_id": ["a", "never"], "city": ["Bern", "Rome"]})
    contacts = pl.DataFrame(
        {"person_id": ["a", "b"], "email": [" A@Example.com", None], "city": ["Oslo", "Oslo"]}
    )
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
    return build({"sales": SALES.lazy()}, frames, values, [segments], date(2017, 12, 10)).collect()


def test_those_seen_before_the_day_have_one_profile_each(people):
    assert people["person_id"].to_list() == ["a", "b"]
    assert people["first_seen"].to_list() == [at(1), at(2)]
    assert people["last_seen"].to_list() == [at(3), at(2)]


def test_the_first_dataset_that_knows_an_attribute_decides_it(people):
    assert people["city"].to_list() == ["Bern", "Oslo"]


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
    found = build({"sales": SALES.lazy()}, {}, {"v": nobody}, [], date(2017, 12, 10))
    assert found.collect().columns == ["person_id", "first_seen", "last_seen"]


def test_what_has_one_row_a_person_is_taken_as_it_is(people):
    assert people["rfm_segment"].to_list() == ["Core", None]


def test_addresses_are_normalised_and_hashed(people):
    assert people["email"].to_list() == ["a@example.com", None]
    assert people["email_sha256"].str.len_bytes().to_list() == [64, None]


def test_of_several_records_the_newest_that_knows_an_attribute_decides_it():
    crm = pl.LazyFrame(
        {"person_id": ["a", "a", "a"], "city": ["Bern", "Rome", None], "held_at": [at(2), at(5), at(9)]}
    )
    found = build({"sales": SALES.lazy()}, {"crm": crm}, {}, [], date(2017, 12, 10)).collect()
    assert found.select("person_id", "city").rows() == [("a", "Rome"), ("b", None)]
    assert "held_at" not in found.columns


def test_rows_of_nobody_make_no_profile():
    nobody = pl.DataFrame({"person_id": [None], "event_time": [at(1)]}, schema=SALES.schema)
    sales = pl.concat([SALES, nobody])
    found = build({"sales": sales.lazy()}, {}, {}, [], date(2017, 12, 10)).collect()
    assert found["person_id"].to_list() == ["a", "b"]


@pytest.mark.parametrize(
    ("merge", "expected"), [("precedence", ("Bern", "crm@x", "L")), ("newest", ("Oslo", "crm@x", "L"))]
)
def test_attributes_are_merged_one_by_one(merge, expected):
    crm = pl.LazyFrame(
        {"person_id": ["a", "a"], "city": [None, "Bern"], "mail": ["crm@x", None], "held_at": [at(8), at(2)]}
    )
    shop = pl.LazyFrame(
        {"person_id": ["a"], "city": ["Oslo"], "mail": ["shop@x"], "size": ["L"], "held_at": [at(5)]}
    )
    (row,) = merged([crm, shop], merge).collect().select("city", "mail", "size").rows()
    assert row == expected
