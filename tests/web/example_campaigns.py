"""What campaigns of the example store brought; how e-mails fared by domain, and why some bounced."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from perennial.insights.lift import lift

SENDS = [("email-28", date(2017, 12, 28), 101), ("email-30", date(2017, 12, 30), 103)]
OUTCOMES = ["sent", "visits", "conversion", "revenue"]
DOMAINS = {"mail.example": 0.6, "post.example": 0.3, "other": 0.1}


def tables() -> dict[str, Iterable[Sequence[Any]]]:
    """Rows by table; the first campaign brings something, and the windows of both are still open."""
    return {
        "fact_campaign_lift": [row for number in range(len(SENDS)) for row in _lift(number)],
        "fact_campaign_movement": [
            (day, campaign, audience, 3, arm, before, after, people // (1 + abs(before - after)))
            for campaign, day, audience in SENDS
            for arm, people in (("treated", 90), ("held_out", 12))
            for before in range(1, 11)
            for after in range(max(1, before - 1), min(10, before + 1) + 1)
        ],
        "fact_email_domain": [
            (
                day,
                campaign,
                audience,
                domain,
                *(round(share * count) for count in (400, 390, 2, 1, 120, 60, 30, 1, 0)),
            )
            for campaign, day, audience in SENDS
            for domain, share in DOMAINS.items()
        ],
        "fact_email_bounce": [
            (day, campaign, audience, kind, reason, 2)
            for campaign, day, audience in SENDS
            for kind, reason in (("hard", "Invalid Address"), ("soft", "Mailbox Unavailable"))
        ],
        "fact_campaign_credit": [
            (day, campaign, audience, rule, 20, 412.5)
            for campaign, day, audience in SENDS
            for rule in ("first_touch", "last_touch")
        ],
    }


def _lift(number: int) -> Iterable[Sequence[Any]]:
    campaign, day, audience = SENDS[number]
    rng, count = np.random.default_rng(number), 3000
    treated = rng.random(count) < 0.9
    bought = rng.random(count) < np.where(treated, 0.3 - 0.12 * number, 0.18)
    people = pl.DataFrame(
        {
            "decile": rng.integers(1, 11, count),
            "treated": treated,
            "sent": treated,
            "visits": bought * 1.2,
            "conversion": bought,
            "revenue": bought * rng.gamma(2, 12, count),
        }
    ).lazy()
    for group in (people, people.with_columns(decile=pl.lit(-1))):
        for decile, *rest in lift(group, OUTCOMES, ["decile"]).iter_rows():
            for window in (3, 7, 14):
                yield day, campaign, audience, window, 31 - day.day, decile, *rest
