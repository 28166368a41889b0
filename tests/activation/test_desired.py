"""Members and profiles become one row for each address, with the mapped fields as text."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from perennial.activation.definition import Activation
from perennial.activation.desired import Desired, MappingError, desired

PROFILES = pl.LazyFrame(
    {
        "person_id": ["1", "2", "3", "4"],
        "email": ["a@example.com", None, " A@Example.com", "d@example.com"],
        "spend_12m": [Decimal("12.30"), None, Decimal("0.10"), None],
        "spend_12m_decile": [1, None, 3, None],
        "age": ["25-34", None, None, None],
        "last_seen": [date(2017, 12, 24)] * 4,
        "department.spend_12m_decile": [
            [{"key": "DELI", "value": 2}, {"key": "MEAT", "value": 9}],
            [],
            [{"key": "MEAT", "value": 1}],
            None,
        ],
    },
    schema_overrides={"spend_12m": pl.Decimal(18, 2), "spend_12m_decile": pl.Int8},
)


def _desired(mapping: dict[str, Any], *members: tuple[str, str]) -> Desired:
    activation = Activation.model_validate(
        {
            "name": "email",
            "title": "E-mail",
            "destination": {"kind": "sendgrid", "connection": "c"},
            "audiences": ["best", "deli"],
            "mapping": mapping,
        }
    )
    rows = pl.LazyFrame(list(members), schema={"audience": pl.String, "person_id": pl.String}, orient="row")
    return desired(activation, rows, PROFILES)


def _payload(found: Desired, row: int = 0) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(found.rows()["payload"][row])
    return payload


def test_fields_are_mapped_exactly() -> None:
    mapping = {
        "decile": "spend_12m_decile",
        "spend": "spend_12m",
        "age": "age",
        "seen": "last_seen",
        "deli": {"attribute": "department.spend_12m_decile", "key": "DELI"},
    }
    found = _desired(mapping, ("best", "1"))
    assert _payload(found) == {
        "decile": "1",
        "spend": "12.30",
        "age": "25-34",
        "seen": "2017-12-24",
        "deli": "2",
    }
    assert found.fields == {
        "decile": "number",
        "spend": "number",
        "age": "text",
        "seen": "date",
        "deli": "number",
    }


def test_a_default_stands_for_what_is_missing() -> None:
    mapping = {
        "decile": {"attribute": "spend_12m_decile", "default": 0},
        "deli": {"attribute": "department.spend_12m_decile", "key": "DELI", "default": 0},
        "age": "age",
    }
    assert _payload(_desired(mapping, ("best", "4"))) == {"decile": "0", "deli": "0", "age": None}


def test_someone_in_two_audiences_is_one_row() -> None:
    found = _desired({}, ("deli", "1"), ("best", "1"), ("elsewhere", "1"))
    assert found.rows().select("key", "person_id", "payload", "audiences").rows() == [
        ("a@example.com", "1", "{}", ["best", "deli"])
    ]


def test_people_who_share_an_address_are_one_row_and_counted() -> None:
    found = _desired({"decile": "spend_12m_decile"}, ("best", "3"), ("deli", "1"))
    assert found.rows().select("key", "person_id", "audiences").rows() == [
        ("a@example.com", "1", ["best", "deli"])
    ]
    assert _payload(found) == {"decile": "1"}
    assert found.shared_key == 1


def test_people_without_an_address_are_counted() -> None:
    found = _desired({}, ("best", "2"), ("best", "4"), ("best", "unknown"))
    assert found.rows()["key"].to_list() == ["d@example.com"]
    assert found.without_key == {"best": 2, "deli": 0}


def test_the_hash_follows_the_payload() -> None:
    same, again = (_desired({"age": "age"}, ("best", "1")).rows() for _ in range(2))
    other = _desired({"age": {"attribute": "age", "default": "?"}}, ("best", "4")).rows()
    assert same.equals(again)
    assert same["payload_hash"][0] != other["payload_hash"][0]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("spend_9m", "the profile has no such column; it has age, "),
        ("department.spend_12m_decile", "this is a map and destinations take single values; add a key"),
        ({"attribute": "age", "key": "DELI"}, "this is no map; take the key 'DELI' away"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(source: Any, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        _desired({"field": source}, ("best", "1"))
