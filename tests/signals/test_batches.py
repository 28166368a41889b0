"""A batch goes from state to state as it may, and of two who move it at once one is refused."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from perennial.signals.batches import (
    NEXT,
    Batch,
    BatchError,
    Batches,
    BatchUnknown,
    Status,
    TransitionRefused,
)

NOW = datetime(2017, 12, 25, tzinfo=UTC)


@pytest.fixture
def batches(lake) -> Batches:
    return Batches(lake.batches)


def new(name: str = "b1", status: Status = Status.LOADING) -> Batch:
    return Batch(name, "orders", "upload", None, status, NOW)


def test_a_life_is_kept_step_by_step(batches):
    batches.create(new())
    batches.move("b1", Status.LOADED, NOW + timedelta(minutes=1), files=2, bytes=10)
    batches.begin(new(status=Status.STAGING))
    batches.move("b1", Status.STAGED, NOW, read=5, accepted=4, failed=1)
    done = batches.move("b1", Status.SUCCESS, NOW, errors=(BatchError("row_refused", "x: below 0", 1),))
    assert batches.find("b1") == done
    assert (done.files, done.read, done.errors[0].rows) == (2, 5, 1)
    steps = batches.steps("b1")
    assert [step.status for step in steps] == ["loading", "loaded", "staging", "staged", "success"]
    assert [step.step for step in steps] == [0, 1, 2, 3, 4]
    assert batches.current().collect().height == 1


def test_a_batch_that_is_loaded_cannot_be_aborted(batches):
    batches.create(new())
    batches.move("b1", Status.LOADED, NOW)
    with pytest.raises(TransitionRefused, match="b1 is loaded and cannot become aborted; what can follow"):
        batches.move("b1", Status.ABORTED, NOW)


@pytest.mark.parametrize("status", Status)
def test_each_state_leads_only_where_it_may(batches, status):
    batches.create(new("b1", status))
    for to in set(Status) - NEXT[status]:
        with pytest.raises(TransitionRefused):
            batches.move("b1", to, NOW)
    for to in sorted(NEXT[status])[:1]:
        assert batches.move("b1", to, NOW).status == to


def test_an_attempt_that_died_is_retried(batches):
    assert batches.begin(new(status=Status.STAGING)).status == Status.STAGING
    assert batches.begin(new()).status == Status.RETRYING
    batches.move("b1", Status.FAILED, NOW)
    assert batches.begin(new()).status == Status.STAGING


def test_an_aborted_batch_is_not_taken(batches):
    batches.create(new())
    batches.move("b1", Status.ABORTED, NOW)
    with pytest.raises(TransitionRefused, match="it cannot be taken"):
        batches.begin(new())


def test_names_are_unique_and_unknown_ones_are_named(batches):
    batches.create(new())
    with pytest.raises(TransitionRefused, match="there is a batch b1 already; it is loading"):
        batches.create(new())
    with pytest.raises(BatchUnknown, match="no batch b2"):
        batches.move("b2", Status.LOADED, NOW)
    assert batches.find("b2") is None


def test_of_two_who_end_a_batch_at_once_one_is_refused(batches):
    batches.create(new())
    outcomes: list[str] = []

    def end(to: Status) -> None:
        try:
            outcomes.append(batches.move("b1", to, NOW).status)
        except TransitionRefused:
            outcomes.append("refused")

    threads = [threading.Thread(target=end, args=(to,)) for to in (Status.LOADED, Status.ABORTED) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[-5:] == ["refused"] * 5
    assert batches.find("b1").step == 1


def test_a_batch_under_way_for_hours_is_stalled_and_can_be_taken_up_again(batches):
    batches.begin(new("old", Status.STAGING))
    batches.begin(new("done", Status.STAGING))
    batches.move("done", Status.SUCCESS, NOW)
    assert batches.stall(NOW + timedelta(hours=5)) == []
    assert batches.stall(NOW + timedelta(hours=7)) == ["old"]
    assert batches.find("old").status == Status.STALLED
    assert batches.begin(new("old")).status == Status.RETRYING
