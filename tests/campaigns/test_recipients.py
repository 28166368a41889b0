"""Members and profiles in; each address once, out."""

from datetime import date
from decimal import Decimal
from hashlib import sha256

import polars as pl
import pytest
from campaigns.documents import campaign

from perennial.campaigns.recipients import FieldError, recipients, values

MEMBERS = pl.LazyFrame(
    [("lapsing", "1"), *(("best", person) for person in "1234"), ("other", "5"), ("lapsing", "6")],
    schema=["audience", "person_id"], orient="row",
)  # fmt: skip
PROFILES = pl.LazyFrame(
    {
        "person_id": ["1", "2", "3", "4", "5", "6"],
        "email": [
            " Ann@Example.com ",
            "ann@example.com",
            None,
            "nobody",
            "eve@example.com",
            "fay@example.com",
        ],
        "first_name": ["Ann", None, "Cy", "Di", "Eve", None],
        "spend": [Decimal("12.30"), None, None, None, None, Decimal("1.00")],
        "born": [date(1990, 1, 2)] * 6,
        "deciles": [[{"key": "DELI", "value": 3}]] + [[]] * 5,
    },
    schema_overrides={"deciles": pl.List(pl.Struct({"key": pl.String, "value": pl.Int8}))},
)


def test_each_address_once_as_a_member_of_the_first_audience() -> None:
    found = recipients(campaign(), MEMBERS, PROFILES)
    assert found.rows.select("person_id", "email", "audience").rows() == [
        ("1", "ann@example.com", "best"), ("6", "fay@example.com", "lapsing"),
    ]  # fmt: skip
    assert found.rows["email_sha256"][0] == sha256(b"ann@example.com").hexdigest()
    assert (found.without_address, found.shared_address) == (2, 1)


def test_fields_keep_their_kinds_and_have_defaults() -> None:
    fields = {
        "first_name": {"attribute": "first_name", "default": "you"},
        "spend": "spend",
        "born": "born",
        "deli": {"attribute": "deciles", "key": "DELI", "default": 10},
    }
    rows = recipients(campaign(fields=fields), MEMBERS, PROFILES).rows.rows(named=True)
    assert values(rows[0]) == {
        "first_name": "Ann",
        "spend": Decimal("12.30"),
        "born": date(1990, 1, 2),
        "deli": 3,
    }
    assert values(rows[1]) == {
        "first_name": "you",
        "spend": Decimal("1.00"),
        "born": date(1990, 1, 2),
        "deli": 10,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"fields": {"first_name": "name"}},
            "first_name: the profile has no column name; it has born, deciles",
        ),
        ({"fields": {"first_name": "deciles"}}, "is a map, and a field is a single value; add a key"),
        (
            {"fields": {"first_name": {"attribute": "spend", "key": "x"}}},
            "spend is no map; take the key 'x' away",
        ),
        (
            {"fields": {"first_name": {"attribute": "spend", "default": "none"}}},
            "the default 'none' is no Decimal",
        ),
        ({"key": "mail"}, "key: the profile has no column mail"),
    ],
)
def test_fields_that_are_not_there_are_told(changes: dict, said: str) -> None:
    with pytest.raises(FieldError, match=said):
        recipients(campaign(**changes), MEMBERS, PROFILES)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("o'neil+x.y@mail.example.co.uk", True), ("a@b.c", True), ("a@b", False),
        ("jürgen@example.com", False), ("a@exämple.com", False), ("a b@example.com", False),
        ("a@b@example.com", False), ('"a"@example.com', False), ("a,b@example.com", False),
        ("a@example.com\r\nRCPT TO:<b@example.com>", False), ("a@example..com", False),
        ("<a@example.com>", False), (f"{'x' * 65}@example.com", False), (f"a@{'x' * 250}.com", False),
    ],
)  # fmt: skip
def test_only_what_any_mail_server_takes_is_an_address(address: str, good: bool) -> None:
    profiles = pl.LazyFrame({"person_id": ["1"], "email": [address], "first_name": ["A"]})
    assert recipients(campaign(), MEMBERS.filter(person_id="1"), profiles).rows.height == good


def test_nobody_is_a_good_answer() -> None:
    found = recipients(campaign(), MEMBERS.clear(), PROFILES)
    assert (found.rows.height, found.without_address, found.shared_address) == (0, 0, 0)
