"""What is taken from a window never exceeds it in any stretch of time, and most of it can be used."""

from hypothesis import given
from hypothesis import strategies as st

from perennial.activation.destinations.base import Window
from perennial.activation.windows import Taken, block, hold


@given(
    calls=st.integers(1, 40),
    seconds=st.sampled_from([1.0, 3.0, 60.0]),
    steps=st.lists(st.tuples(st.floats(0, 1.5), st.floats(0, 1), st.integers(0, 3)), max_size=60),
)
def test_no_stretch_of_time_holds_more_calls_than_are_allowed(
    calls: int, seconds: float, steps: list[tuple[float, float, int]]
) -> None:
    window = Window(calls=calls, seconds=seconds)
    taken, now, made = Taken(window), 1e9, list[float]()
    for gap, late, unused in steps:
        now += gap * seconds
        if room := taken.room(now):
            wanted = min(block(window) + 3, room)
            slot = taken.take(now, wanted, hold(window))
            back = min(unused, wanted)
            taken.give_back(slot, back)
            made += [now + late * hold(window)] * (wanted - back)
        else:
            wait = taken.wait(now)
            assert 0 < wait <= seconds + 2 * hold(window) + 0.01
            assert Taken(window, dict(taken.slots)).room(now + wait + 1e-3) > 0
    for first in made:
        assert sum(first <= each < first + seconds - 1e-4 for each in made) <= calls


def test_nearly_all_calls_can_be_used() -> None:
    for window in (Window(calls=10, seconds=1), Window(calls=3000, seconds=3), Window(calls=150, seconds=60)):
        taken, now, made, begun = Taken(window), 5.0, 0, 5.0
        while made < 20 * window.calls:
            if wait := taken.wait(now):
                now += wait
            wanted = min(block(window), taken.room(now))
            taken.take(now, wanted, hold(window))
            made += wanted
        assert made / (now - begun + window.seconds) > 0.95 * window.calls / window.seconds


def test_calls_that_were_given_back_are_nothing_to_wait_for() -> None:
    taken = Taken(Window(calls=1, seconds=1))
    taken.give_back(taken.take(100.0, 1, 0.02), 1)
    taken.take(100.5, 1, 0.02)
    assert taken.wait(100.6) > 0.9


def test_what_was_kept_is_read_again() -> None:
    window = Window(calls=2, seconds=1)
    taken = Taken(window)
    taken.take(100.0, 2, 0.02)
    again = Taken.read(window, {str(slot): calls for slot, calls in taken.slots.items()})
    assert again.wait(100.5) == taken.wait(100.5) > 0.5
