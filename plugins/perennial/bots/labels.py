"""User agents in; whether each is a crawler's, and of which family it is, out.

Who is a crawler is said by the patterns of the package `crawler-user-agents`, which many sites keep together.
A crawler that calls itself a browser is none to them.
"""

import re
from functools import cache

import polars as pl

LABELS = {"user_agent": pl.String(), "is_crawler": pl.Boolean(), "family": pl.String()}
_NUMBERS = re.compile(r"[0-9]+(?:[._][0-9a-zA-Z]+)*")
AT_ONCE = 40
"""Patterns that are looked for together; one of all takes longer."""


def labels(user_agents: pl.Series) -> pl.DataFrame:
    """(user_agent, is_crawler, family) of each different one.

    The family of crawlers is the first pattern that names them; of all others the user agent without its
    numbers, so that versions of a browser are of one family.
    """
    different = user_agents.drop_nulls().unique().sort().to_list()
    found = [(agent, crawler(agent)) for agent in different]
    rows = [(agent, name is not None, name or _NUMBERS.sub("", agent)) for agent, name in found]
    return pl.DataFrame(rows, schema=LABELS, orient="row")


def crawler(user_agent: str) -> str | None:
    """The first pattern that a user agent matches; None if it is no crawler's."""
    for together, patterns in _patterns():
        if together.search(user_agent):
            return next(each.pattern for each in patterns if each.search(user_agent))
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], list[re.Pattern[str]]]]:
    # 1,500 patterns: read only where they are asked.
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    texts = [each["pattern"] for each in CRAWLER_USER_AGENTS_DATA]
    parts = [texts[n : n + AT_ONCE] for n in range(0, len(texts), AT_ONCE)]
    return [(re.compile("|".join(part)), [re.compile(text) for text in part]) for part in parts]
