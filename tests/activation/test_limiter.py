"""No window of calls is ever exceeded, and no call waits longer than it must."""

from activation.destinations.stand_in import Clock
from hypothesis import given
from hypothesis import strategies as st

from perennial.activation.destinations.base import Window
from perennial.activation.limiter import Limiter


@given(
    gaps=st.lists(st.integers(0, 4), min_size=1, max_size=40),
    windows=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 8)), max_size=3),
)
def test_every_window_holds(gaps: list[int], windows: list[tuple[int, int]]) -> None:
    clock, calls = Clock(), []
    limiter = Limiter([Window(calls=c, seconds=s) for c, s in windows], clock, clock.sleep)
    for gap in gaps:
        clock.sleep(gap)
        before = clock.now
        limiter.acquire()
        calls.append(clock.now)
        blocking = [c for c, s in windows if sum(before - s < at for at in calls[:-1]) >= c]
        assert clock.now == before or blocking
    for count, seconds in windows:
        for i in range(len(calls) - count):
            assert calls[i + count] - calls[i] >= seconds
