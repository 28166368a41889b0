"""Audiences and what there is to evaluate them on in; the members of those that can be evaluated, and what is
wrong with the others, out.

A rule may cease to fit without having changed: an attribute is not computed any more, a dataset's document
has gone. That stops the audience, and those that are made of it, and no others.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

import polars as pl

from perennial.audiences.comparisons import RuleError, Where
from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import Consents, evaluate, in_order, matched, published, spoken_of
from perennial.audiences.happenings import Events

WRONG = (RuleError, pl.exceptions.PolarsError)


def evaluate_sound(
    profiles: pl.LazyFrame,
    events: Events,
    audiences: Mapping[str, Audience],
    consents: Consents,
    now: datetime,
) -> tuple[pl.DataFrame, dict[str, str]]:
    """The members of all published audiences that can be evaluated, and the failures of the others.

    Members are as `evaluate` gives them. Raises what went wrong where it is not an audience's fault.
    """
    try:
        return evaluate(profiles, events, audiences, consents, now), {}
    except WRONG:
        failed = failures(profiles, events, audiences, consents, now)
        if not failed:
            raise
    sound = {name: each for name, each in audiences.items() if name not in failed}
    return evaluate(profiles, events, sound, consents, now), failed


def failures(
    profiles: pl.LazyFrame,
    events: Events,
    audiences: Mapping[str, Audience],
    consents: Consents,
    now: datetime,
) -> dict[str, str]:
    """Which published audiences cannot be evaluated, and what is wrong with each, and where.

    Each is tried on nobody: that needs the columns there are, and no rows.
    """
    nobody, known = profiles.clear(), published(audiences)
    nothing = cache(lambda *named: events(*named).clear())
    found: dict[str, str] = {}
    for name in known:
        try:
            matched(nobody, nothing, in_order(known, consents, [name]), consents, now).collect()
        except RuleError as error:
            found[name] = str(error)
        except pl.exceptions.PolarsError as error:
            # The lines after the first say how Polars came to it.
            reason = str(error).partition("\n")[0]
            found[name] = str(Where(name).error(f"it cannot be computed: {reason}"))
    return {name: _blamed(name, known, found, consents) for name in found}


def _blamed(name: str, known: Mapping[str, Audience], found: Mapping[str, str], consents: Consents) -> str:
    """The reason, with the audience that has it: perhaps one that this one is made of."""
    its_own = found[name].startswith(f"{name}:")
    made_of = [found[other] for other in spoken_of(known[name], consents) if other in found]
    reason = next(iter(made_of), found[name]) if its_own else found[name]
    return f"{name}: it is made of what cannot be evaluated: {reason}" if made_of else found[name]
