"""Rows of people who were erased do not come in again, unless they are of a later time."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from perennial.identity.namespace import Namespace
from perennial.identity.values import comparable, sha256
from perennial.lake.erasure import ERASED
from perennial.signals import erased
from perennial.signals.dataset import Dataset
from perennial.signals.erased import fingerprint, fingerprints, normalised, without_erased

THEN = datetime(2026, 11, 24, 12, tzinfo=UTC)
VISITS = {
    "name": "visits",
    "title": "Visits",
    "kind": "event",
    "source": {"history": "visits/*.csv"},
    "key": ["id"],
    "identities": [
        {"column": "customer", "namespace": "customer"},
        {"column": "email", "namespace": "email"},
    ],
    "columns": {
        "event_time": {"type": "timestamp", "required": True},
        "id": {"type": "string", "required": True},
        "customer": {"type": "string"},
        "email": {"type": "string"},
    },
}


@pytest.fixture
def visits() -> Dataset:
    return Dataset.model_validate(VISITS)


def people(*pairs: tuple[str, str], at: datetime = THEN) -> pl.DataFrame:
    rows = [("r", namespace, fingerprint(value, namespace), at, None) for namespace, value in pairs]
    return pl.DataFrame(rows, schema=ERASED, orient="row").drop("request")


def rows(*customers: str | None, email: str | None = None, at: datetime = THEN) -> pl.DataFrame:
    columns = {"event_time": at, "id": [str(n) for n in range(len(customers))], "customer": customers}
    return pl.DataFrame(columns, schema_overrides={"customer": pl.String}).with_columns(
        event_time=pl.lit(at), email=pl.lit(email, dtype=pl.String)
    )


def test_rows_from_before_are_dropped_and_later_ones_kept(visits):
    gone = people(("customer", "7"))
    for age, dropped in ((timedelta(0), 1), (timedelta(days=-1), 1), (timedelta(seconds=1), 0)):
        kept, refused = without_erased(rows("1", "7", None, at=THEN + age), visits, gone)
        assert refused["customer"].to_list() == ["7"] * dropped
        assert kept.height == 3 - dropped
        assert kept.schema == refused.schema == rows("1").schema


def test_any_identity_decides_however_it_is_written(visits):
    kept, refused = without_erased(
        rows("1", email=" Anna@Example.COM "), visits, people(("email", "anna@example.com"))
    )
    assert (kept.height, refused.height) == (0, 1)
    # The same text in another namespace is somebody else.
    assert without_erased(rows("7"), visits, people(("household", "7")))[1].is_empty()


def test_the_newest_of_two_erasures_counts(visits):
    twice = pl.concat([people(("customer", "7"), at=THEN - timedelta(days=9)), people(("customer", "7"))])
    assert without_erased(rows("7", at=THEN - timedelta(days=1)), visits, twice)[1].height == 1


def test_records_are_of_the_time_as_of_which_they_hold(visits):
    contacts = visits.model_copy(update={"kind": "record"})
    frame = rows("7", "7").drop("event_time")
    held = frame.with_columns(held_at=pl.Series([THEN, THEN + timedelta(days=1)]))
    assert without_erased(held, contacts, people(("customer", "7")))[0].height == 1
    assert without_erased(frame, contacts, people(("customer", "7")))[0].height == 0


def test_order_stays_and_an_empty_list_costs_nothing(visits, monkeypatch):
    frame = rows("3", "7", "1", "2")
    assert without_erased(frame, visits, people(("customer", "7")))[0]["customer"].to_list() == [
        "3",
        "1",
        "2",
    ]
    monkeypatch.setattr(erased, "fingerprints", lambda *_: pytest.fail("nobody was erased"))
    kept, refused = without_erased(frame, visits, people())
    assert kept is frame
    assert refused.is_empty()


def test_values_are_written_as_identities_write_them():
    values = pl.Series(["a@B.c", " X ", "İ", "straße@É", None])
    kinds = {"email": Namespace(name="email", title="", type="email")}
    kinds["household"] = Namespace(name="household", title="", type="cross_device")
    for namespace, kind in kinds.items():
        theirs = values.to_frame("v").select(comparable(pl.col("v"), kind))
        assert normalised(values, namespace).to_list() == theirs["v"].to_list()
        hashed = theirs.select(sha256(pl.col("v")))["v"]
        assert fingerprints(values, namespace).to_list() == hashed.to_list()


def test_numbers_are_fingerprinted_as_they_are_written():
    assert fingerprints(pl.Series([7]), "customer")[0] == fingerprint("7", "customer")


def test_a_phone_number_is_refused_however_it_is_written(visits):
    callers = visits.model_copy(
        update={"identities": [visits.identities[0].model_copy(update={"namespace": "phone"})]}
    )
    for region, refused in (("US", 3), ("", 2)):
        gone = people(("phone", "+14155552671")).with_columns(phone_region=pl.lit(region))
        came = rows("+1 415-555-2671", "(415) 555-2671", "+14155552671", "415 555 9999", None)
        assert without_erased(came, callers, gone)[1].height == refused
