"""A few threads work; what has ended comes out in groups, and what is in line can be stopped."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from threading import Event

import pytest

from perennial.activation.lanes import Lanes, ahead


def test_everything_comes_out_once_with_its_token() -> None:
    with Lanes[int](3) as lanes:
        for number in range(20):
            lanes.begin(number, pow, number, 2)
        found: dict[int, int] = {}
        while lanes:
            found |= {token: ended.result() for token, ended in lanes.done()}
    assert found == {number: number**2 for number in range(20)}


def test_results_that_come_soon_come_together() -> None:
    with Lanes[int](1, linger=10) as lanes:
        for number in range(5):
            lanes.begin(number, int)
        assert [token for token, _ in lanes.done()] == [0, 1, 2, 3, 4]


def test_nobody_waits_for_the_slow_one_for_long() -> None:
    go_on = Event()
    with Lanes[str](2, linger=0.01) as lanes:
        lanes.begin("slow", go_on.wait, 30)
        lanes.begin("quick", int)
        assert [token for token, _ in lanes.done()] == ["quick"]
        go_on.set()
        assert [token for token, _ in lanes.done()] == ["slow"]


def test_what_is_in_line_is_not_begun_after_a_stop() -> None:
    begun, go_on, done = Event(), Event(), list[int]()

    def work() -> None:
        begun.set()
        assert go_on.wait(30)

    with Lanes[str](1) as lanes:
        lanes.begin("first", work)
        lanes.begin("second", done.append, 1)
        assert begun.wait(30)
        lanes.stop()
        go_on.set()
        ended: dict[str, Future[object]] = {}
        while lanes:
            ended |= dict(lanes.done())
    assert done == []
    assert ended["first"].result() is None
    with pytest.raises(CancelledError):
        ended["second"].result()


def test_the_next_one_is_made_while_one_is_in_use() -> None:
    made = [Event(), Event(), Event()]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    found = []
    for number in ahead(items()):
        assert all(event.wait(timeout=10) for event in made[: number + 2])
        found.append(number)
    assert found == [0, 1, 2]


def test_what_fails_ahead_fails_in_its_turn() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("2")

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="2"):
        next(found)
