"""Simulated recipients: what a person does with a message, as a pure function of seed, address and campaign.

Nobody reads the messages: the figures are plausible, not true. Better customers (a smaller decile in the
contact's custom field) open and click more, some mailboxes open everything by machine, a few people
unsubscribe or complain.
"""

import base64
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

HOUR = 3600.0
CLIENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
PROXY = "Mozilla/5.0"
LINKS = (
    "https://shop.example.com/offers",
    "https://shop.example.com/recipes",
    "https://shop.example.com/basket",
)


@dataclass(frozen=True)
class Send:
    """One message to one address; `decile` is 1 (best) to 10, or None."""

    seed: str
    campaign_id: str
    campaign_name: str
    categories: tuple[str, ...]
    sent_at: int
    """Seconds since the epoch."""
    email: str
    decile: int | None

    def token(self, *parts: object) -> str:
        """A stable identifier of something about this send."""
        text = "|".join(map(str, (self.seed, self.campaign_id, self.email, *parts)))
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).decode().rstrip("=")


def dropped(send: Send, reason: str) -> list[dict[str, Any]]:
    """What the provider reports about a suppressed address: it was not mailed."""
    return [_event(send, 0, "dropped", send.sent_at, reason=reason)]


def react(send: Send) -> list[dict[str, Any]]:
    """The events of one message, in the order of time, in the shape of the provider's event webhook."""
    chance = random.Random(send.token("behaviour"))  # noqa: S311 - a simulation, not a secret
    steps = list(_steps(send, chance))
    return [
        _event(send, i, kind, send.sent_at + int(after), **extra)
        for i, (kind, after, extra) in enumerate(steps)
    ]


def _steps(send: Send, chance: random.Random) -> Iterator[tuple[str, float, dict[str, Any]]]:
    person = random.Random(f"{send.seed}|{send.email}")  # noqa: S311 - traits of the person, the same for every send
    mailbox_gone, mailbox_full, machine = (
        person.random() < 0.006,
        person.random() < 0.02,
        person.random() < 0.3,
    )
    yield "processed", 0, {}
    if mailbox_gone:
        reason = "550 5.1.1 The email account that you tried to reach does not exist"
        yield "bounce", 4, {"type": "bounce", "status": "5.1.1", "reason": reason,
                            "bounce_classification": "Invalid Address"}  # fmt: skip
        return
    if mailbox_full and chance.random() < 0.5:
        reason = "452 4.2.2 The mailbox is over quota"
        yield "bounce", 6, {"type": "blocked", "status": "4.2.2", "reason": reason,
                            "bounce_classification": "Mailbox Unavailable"}  # fmt: skip
        return
    arrival = 2 + chance.random() * 20
    if chance.random() < 0.01:
        yield "deferred", arrival, {"response": "451 4.7.1 Try again later", "attempt": "1"}
        arrival += 900
    yield "delivered", arrival, {"response": "250 OK"}
    if machine:
        yield "open", arrival + 30 + chance.random() * 600, {"useragent": PROXY, "sg_machine_open": True}
    yield from _engagement(send, chance, arrival)


def _engagement(
    send: Send, chance: random.Random, arrival: float
) -> Iterator[tuple[str, float, dict[str, Any]]]:
    warmth = 1.0 if send.decile is None else (11 - send.decile) / 10
    if chance.random() < 0.001:
        yield "spamreport", arrival + chance.expovariate(1 / (5 * HOUR)), {}
        return
    if chance.random() >= 0.10 + 0.32 * warmth:
        return
    opened = arrival + 60 + chance.expovariate(1 / (6 * HOUR))
    person = {"useragent": CLIENT}
    yield "open", opened, {**person, "sg_machine_open": False}
    if chance.random() < 0.08 + 0.22 * warmth:
        clicked = opened + 5 + chance.random() * 120
        link = chance.choice(LINKS)
        yield "click", clicked, {**person, "url": link, "url_offset": {"index": 0, "type": "html"}}
        if chance.random() < 0.25:
            yield "click", clicked + 30, {**person, "url": link, "url_offset": {"index": 0, "type": "html"}}
    if chance.random() < 0.3:
        later = opened + 300 + chance.expovariate(1 / (12 * HOUR))
        yield "open", later, {**person, "sg_machine_open": False}
    if chance.random() < 0.012 - 0.008 * warmth:
        yield "unsubscribe", opened + 90, {}


def _event(send: Send, index: int, kind: str, at: int, **extra: Any) -> dict[str, Any]:
    message = send.token("message")
    return {
        "email": send.email,
        "timestamp": at,
        "event": kind,
        "sg_event_id": send.token("event", index),
        "sg_message_id": f"{message}.sandbox-0.0",
        "smtp-id": f"<{message}@sandbox.example.com>",
        "category": list(send.categories),
        "singlesend_id": send.campaign_id,
        "singlesend_name": send.campaign_name,
        "mc_stats": "singlesend",
        **extra,
    }
