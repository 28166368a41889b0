"""Results come in order and with their errors, and nobody works on for who has gone."""

import threading
from collections.abc import Iterator

import pytest

from perennial.threads import ahead, side_by_side


def test_results_come_in_order():
    assert list(ahead(range(200), lambda n: n * n, 4)) == [n * n for n in range(200)]


def test_an_error_of_the_work_comes_at_its_place():
    results = ahead([1, 0, 2], lambda n: 1 // n, 4)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_an_error_of_the_source_comes_after_what_was_given():
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("the file ends here")

    results = ahead(broken(), lambda n: n, 4)
    assert next(results) == 1
    with pytest.raises(ValueError, match="the file ends here"):
        next(results)


def test_it_stays_within_its_bound_and_ends_with_who_takes():
    given: list[int] = []
    before = threading.active_count()

    def source() -> Iterator[int]:
        for n in range(10_000):
            given.append(n)
            yield n

    results = ahead(source(), lambda n: n, 3)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    results.close()
    assert len(given) < 20
    assert threading.active_count() == before


def test_a_few_are_done_at_once_and_stay_in_order():
    together = threading.Barrier(2, timeout=10)

    def work(item: str) -> str:
        together.wait()
        return item.upper()

    assert side_by_side(["a", "b"], work) == ["A", "B"]
    assert side_by_side([], work) == []


def test_an_error_of_one_of_a_few_comes_out():
    with pytest.raises(ZeroDivisionError):
        side_by_side([1, 0], lambda n: 1 // n)
