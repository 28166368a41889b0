"""A batch that is taken back leaves the lake as if it had not come, and may come again."""

from datetime import date

import pytest

from perennial.signals.batches import Status, TransitionRefused
from perennial.signals.ingest import ingest
from perennial.signals.revert import NotRevertible, revert

from .conftest import line

MONDAY, TUESDAY = date(2017, 12, 25), date(2017, 12, 26)


def ids(lake) -> list[str]:
    return sorted(lake.events("orders").scan().collect()["event_id"])


def test_its_events_go_and_those_of_others_stay(lake, intake, orders, deliver):
    ingest(intake, orders, deliver(line("o1"), line("o2")), MONDAY)
    ingest(intake, orders, deliver(line("o3"), day="2017-12-26"), TUESDAY)
    lake.events("orders").open().optimize.compact()
    assert revert(intake, orders, "orders-2017-12-25") == 2
    assert ids(lake) == ["o3"]
    assert intake.batches.find("orders-2017-12-25").status == Status.INACTIVE
    with pytest.raises(TransitionRefused, match="is inactive: only one that has succeeded"):
        revert(intake, orders, "orders-2017-12-25")


def test_it_may_come_again(lake, intake, orders, deliver):
    landing = deliver(line("o1"))
    ingest(intake, orders, landing, MONDAY)
    revert(intake, orders, "orders-2017-12-25")
    assert ingest(intake, orders, landing, MONDAY).accepted == 1
    assert ids(lake) == ["o1"]


def test_records_cannot_be_taken_back(intake, orders, deliver):
    things = orders.model_copy(update={"kind": "record"})
    ingest(intake, things, deliver(line("o1")), MONDAY)
    with pytest.raises(NotRevertible, match="ingest a corrected batch"):
        revert(intake, things, "orders-2017-12-25")
