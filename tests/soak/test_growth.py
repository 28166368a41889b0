"""The verdict of a soak: leaks are found, and what only moves is not taken for one."""

import numpy as np
import pytest

from .growth import MEBIBYTE, growth

SECONDS = np.arange(0, 3600, 15.0)


def series(start: float, per_hour: float, noise: float) -> np.ndarray:
    dice = np.random.default_rng(7)
    return start + per_hour * SECONDS / 3600 + dice.normal(0, noise, SECONDS.size)


@pytest.mark.parametrize(
    ("kind", "start", "per_hour", "noise"),
    [
        ("memory", 200 * MEBIBYTE, 30 * MEBIBYTE, 5 * MEBIBYTE),
        ("memory", 40 * MEBIBYTE, 12 * MEBIBYTE, MEBIBYTE),
        ("files", 30, 60, 4),
        ("threads", 12, 20, 1),
        ("connections", 5, 30, 2),
    ],
)
def test_a_leak_is_found(kind, start, per_hour, noise):
    found = growth(kind, SECONDS, series(start, per_hour, noise))
    assert found.unbounded
    assert found.per_hour == pytest.approx(per_hour, rel=0.5)


@pytest.mark.parametrize(
    ("kind", "start", "noise"),
    [("memory", 200 * MEBIBYTE, 20 * MEBIBYTE), ("files", 30, 10), ("connections", 5, 3)],
)
def test_what_only_moves_is_no_leak(kind, start, noise):
    assert not growth(kind, SECONDS, series(start, 0, noise)).unbounded


def test_what_has_warmed_up_is_no_leak():
    rising = 100 * MEBIBYTE * np.minimum(SECONDS / 1500, 1)
    found = growth("memory", SECONDS, rising)
    assert (found.per_hour, found.unbounded) == (0, False)


def test_a_few_peaks_do_not_move_the_slope():
    values = series(100, 0, 1)
    values[-20::5] += 10_000
    found = growth("files", SECONDS, values)
    assert not found.unbounded
    assert found.greatest > 10_000


def test_a_leak_in_steps_is_found():
    found = growth("connections", SECONDS, np.floor(SECONDS / 300))
    assert found.unbounded
