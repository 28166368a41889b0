"""Audiences in; which of them can be evaluated as events come, and why others cannot, out.

All that a rule says of one person can: their attributes, their events in windows of any length, and dates
that come near. What compares people with each other cannot, nor what speaks of an audience that is found
once a day.
"""

from collections.abc import Mapping

from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import Consents, published, spoken_of


def hindrances(audience: Audience, audiences: Mapping[str, Audience], consents: Consents) -> list[str]:
    """Why an audience cannot be evaluated as events come; empty if it can."""
    found = []
    if audience.top is not None:
        found.append(f"{audience.name}: top: it ranks people against each other, and so needs everybody.")
    for name, where in spoken_of(audience, consents).items():
        other = audiences.get(name)
        if other is not None and other.evaluation != "stream":
            found.append(
                f"{where}: the audience {name} is found once a day only. Let it be evaluated as events come "
                "too, or say here what it says."
            )
    return found


def streamed(audiences: Mapping[str, Audience], consents: Consents) -> tuple[dict[str, Audience], list[str]]:
    """The published audiences that ask to be evaluated as events come, and what hinders some of them.

    Who speaks of a hindered one is hindered too.
    """
    asked = {name: each for name, each in published(audiences).items() if each.evaluation == "stream"}
    refused: dict[str, list[str]] = {}
    while True:
        able = {name: each for name, each in asked.items() if name not in refused}
        found = {name: hindrances(each, {**audiences, **able}, consents) for name, each in able.items()}
        found = {
            name: why or [f"{name}: the audience {other} cannot" for other in spoken_of(able[name], consents)
                          if other in refused]
            for name, why in found.items()
        }  # fmt: skip
        stopped = {name: why for name, why in found.items() if why}
        if not stopped:
            return able, [reason for why in refused.values() for reason in why]
        refused |= stopped
