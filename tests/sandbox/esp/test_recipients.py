"""Simulated recipients: the same people do the same things, and better customers respond more."""

from collections import Counter
from typing import Any

from perennial.sandbox.esp.recipients import Send, react


def _react(email: str, decile: int | None = 5, campaign: str = "c1") -> list[dict[str, Any]]:
    return react(Send("seed", campaign, "Campaign", ("audience:best",), 1_514_278_800, email, decile))


def _count(decile: int | None, people: int = 4000) -> Counter[str]:
    events = (event for n in range(people) for event in _react(f"p{n}@example.com", decile))
    return Counter("machine" if event.get("sg_machine_open") else event["event"] for event in events)


def test_behaviour_is_a_function_of_person_and_campaign() -> None:
    assert _react("ann@example.com") == _react("ann@example.com")
    people = [f"p{n}@example.com" for n in range(50)]
    assert [_react(p) for p in people] != [_react(p, campaign="c2") for p in people]


def test_every_event_has_an_id_of_its_own_and_a_time_after_the_send() -> None:
    events = [event for n in range(500) for event in _react(f"p{n}@example.com")]
    assert len({event["sg_event_id"] for event in events}) == len(events)
    assert all(event["timestamp"] >= 1_514_278_800 for event in events)
    assert {event["event"] for event in events} >= {"processed", "delivered", "open", "click", "bounce"}


def test_better_customers_respond_more() -> None:
    best, worst = _count(1), _count(10)
    assert best["open"] > 2 * worst["open"]
    assert best["click"] > 3 * worst["click"]
    assert abs(best["machine"] - worst["machine"]) < 200, "machines do not know who is a good customer"
    assert best["processed"] == worst["processed"] == 4000


def test_rates_are_plausible() -> None:
    found = _count(5)
    assert found["delivered"] / found["processed"] > 0.97
    assert 0 < found["unsubscribe"] < 40
    assert 0 < found["bounce"] < 120
