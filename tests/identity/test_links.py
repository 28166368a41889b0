"""Which identities occur together in rows."""

from datetime import UTC, datetime

import polars as pl

from perennial.identity.links import links, unusable
from perennial.identity.namespace import Namespace
from perennial.identity.values import sha256
from perennial.lake.identity import LINKS

NAMESPACES = {
    each.name: each
    for each in (
        Namespace(name="customer", title="Customer", type="cross_device"),
        Namespace(name="email", title="E-mail", type="email"),
        Namespace(name="email_sha256", title="E-mail (SHA-256)", type="email", sha256_of="email"),
        Namespace(name="device", title="Device", type="device"),
        Namespace(name="store", title="Store", type="non_people"),
    )
}
COLUMNS = {"customer_id": "customer", "email": "email", "device_id": "device", "store_id": "store"}
FIRST, LAST = (datetime(2024, 5, day, tzinfo=UTC) for day in (1, 9))


def found(*rows: tuple) -> list[tuple[str, str]]:
    """Links as pairs of `namespace:value`, without those to digests."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys([*COLUMNS, "at"], pl.String), orient="row")
    time = pl.col("at").str.to_datetime(time_zone="UTC", time_unit="us")
    result = links(frame.lazy(), "visits", COLUMNS, NAMESPACES, time).collect()
    assert result.schema == LINKS
    rest = result.filter(pl.col("right_namespace") != "email_sha256")
    pairs = [
        (f"{r['left_namespace']}:{r['left']}", f"{r['right_namespace']}:{r['right']}")
        for r in rest.to_dicts()
    ]
    return sorted(pairs)


def test_the_first_identity_of_a_row_is_linked_to_its_others():
    assert found(("1", "A@x", "d", "s", "2024-05-01T00:00:00")) == [
        ("customer:1", "device:d"),
        ("customer:1", "email:a@x"),
    ]
    assert found((None, "a@x", "d", "s", "2024-05-01T00:00:00")) == [("email:a@x", "device:d")]


def test_one_identity_alone_or_one_of_no_person_links_nobody():
    assert found(("1", None, None, "s", "2024-05-01T00:00:00")) == []
    assert found((None, None, "d", "s", "2024-05-01T00:00:00"), (None, None, None, "s", None)) == []


def test_values_that_name_nobody_link_nobody_and_are_counted():
    row = ("1", "a@x", "unknown", "s", "2024-05-01T00:00:00")
    assert found(row) == [("customer:1", "email:a@x")]
    frame = pl.DataFrame([row], schema=[*COLUMNS, "at"], orient="row")
    assert unusable(frame.lazy(), COLUMNS, NAMESPACES) == {"device_id": 1}


def test_an_address_leads_to_its_digest_also_if_it_stands_alone():
    frame = pl.LazyFrame({"email": ["A@x ", "a@x"], "at": [LAST, FIRST]})
    result = links(frame, "signups", {"email": "email"}, NAMESPACES, pl.col("at")).collect().to_dicts()
    assert result == [
        {
            "left_namespace": "email",
            "left": "a@x",
            "right_namespace": "email_sha256",
            "right": pl.select(sha256(pl.lit("a@x"))).item(),
            "dataset": "signups",
            "first_seen": FIRST,
            "last_seen": LAST,
        }
    ]
