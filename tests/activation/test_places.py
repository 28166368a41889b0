"""Places for requests under way: never more than there are, and a part for everybody who waits."""

import random
import threading
import time

import psycopg
import pytest

from perennial.activation import shared_limits
from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.ledger import migrate
from perennial.activation.places import LENT, SLICE, Places
from perennial.activation.shared_limits import Allowances


def test_two_share_what_there_is() -> None:
    places, lent = Places(8, {}).ask("a", 0, 8, 0)
    assert lent == 8
    places, lent = places.ask("b", 0, 8, 1)
    assert lent == 0, "all are lent"
    places, lent = places.ask("a", 8, 8, 2)
    assert lent == 4, "no new request beyond its part"
    assert places.holders["a"].held == 8, "but those under way are its own"
    places, lent = places.ask("a", 5, 8, 2.1)
    places, lent = places.ask("b", 0, 8, 2.2)
    assert lent == 3
    places, lent = places.leave("a").ask("b", 3, 8, 2.3)
    assert lent == 8


def test_who_wants_little_leaves_the_rest_to_others() -> None:
    places, _ = Places(8, {}).ask("a", 0, 2, 0)
    assert places.ask("b", 0, 8, 1)[1] == 6


def test_one_place_goes_round() -> None:
    places, turns = Places(1, {}), []
    for moment in range(12):
        for name in "abc":
            places, lent = places.ask(name, 0, 1, moment * SLICE)
            turns += [name] * lent
    assert {name: turns.count(name) for name in "abc"} == {"a": 3, "b": 3, "c": 3}


def test_what_a_dead_process_holds_comes_back() -> None:
    places, _ = Places(4, {}).ask("dead", 0, 4, 0)
    assert places.ask("b", 0, 4, LENT - 1)[1] == 0
    assert places.ask("b", 0, 4, LENT)[1] == 4


@pytest.mark.parametrize("seed", range(5))
def test_no_history_lends_more_than_there_is(seed: int) -> None:
    chance, now, busy, lent = random.Random(seed), 0.0, dict.fromkeys("abcd", 0), dict.fromkeys("abcd", 0)
    places, most = Places(5, {}), 0
    for _ in range(2000):
        now += chance.random()
        name = chance.choice("abcd")
        act = chance.random()
        if act < 0.4:
            places, lent[name] = places.ask(name, busy[name], chance.randint(1, 6), now)
        elif act < 0.7 and busy[name] < lent[name]:
            busy[name] += 1
        elif busy[name]:
            busy[name] -= 1
            if not busy[name]:
                places, lent[name] = places.leave(name), 0
        assert sum(busy.values()) <= 5
        assert sum(each.held for each in places.holders.values()) <= 5
        most = max(most, sum(busy.values()))
    assert most >= 4


@pytest.mark.store
def test_processes_together_have_no_more_under_way_than_the_provider_takes(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(store_url)
    monkeypatch.setattr(shared_limits, "SLICE", 0.2)
    monkeypatch.setattr(shared_limits, "PAUSE", 0.01)
    rooms = [Allowances(store_url, "esp").room(3) for _ in range(2)]
    under_way, most, made = 0, 0, [0, 0]
    lock, until = threading.Lock(), time.monotonic() + 1.5

    def call(number: int) -> None:
        nonlocal under_way, most
        while time.monotonic() < until:
            with rooms[number]:
                with lock:
                    under_way += 1
                    most = max(most, under_way)
                time.sleep(0.005)
                with lock:
                    under_way -= 1
                    made[number] += 1

    threads = [threading.Thread(target=call, args=(number % 2,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert 2 <= most <= 3
    assert min(made) > 0, "neither keeps the other from it"
    with psycopg.connect(store_url) as connection:
        (kept,) = connection.execute(
            "SELECT slots FROM activation.calls WHERE destination = 'esp'"
        ).fetchall()
    assert kept == ({},), "nothing is held by who has nothing under way"


def test_what_was_answered_counts_although_the_store_is_down() -> None:
    room = Allowances("postgresql://nobody@127.0.0.1:1/none", "esp").room(1)
    room._lent, room._asked = 1, time.monotonic()
    with room:
        answered = True
    assert answered


@pytest.mark.store
def test_a_place_that_does_not_come_is_left_to_the_caller(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(store_url)
    monkeypatch.setattr(shared_limits, "LONGEST_WAIT", 0.2)
    one, two = (Allowances(store_url, "narrow").room(1) for _ in range(2))
    with one, pytest.raises(UnavailableError, match="narrow: others have as many requests under way"), two:
        pass
    with two:
        pass
