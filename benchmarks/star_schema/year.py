"""The size of a deployment in; a lake with a year of its days, and what the refresh needs of it, out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from perennial.activation import flows
from perennial.insights.model import Model, load_models
from perennial.insights.people import Policy, people_by_policy
from perennial.insights.refresh import RefreshReport, refresh
from perennial.lake.catalog import Lake
from perennial.lake.lifetime import LIFETIME_MODELS, LIFETIME_SCORES
from perennial.lake.tables import Table
from perennial.settings import REPOSITORY

from .size import DESTINATIONS, FIRST, NAMESPACES, Size

POLICY = "people"
KNOWN = [["card"], ["card", "email", "email_sha256"], ["card", "device"], NAMESPACES]
"""By what people are known, one kind after the other."""
EACH_IN = 3
"""Audiences that everybody is in: neighbours, so that few pairs overlap."""
AT_ONCE = 30
"""Days that are written in one commit."""


def made(root: str, size: Size) -> None:
    """Write the lake's tables, the days of a month in one commit."""
    lake = Lake(root)
    for start in range(0, size.days, AT_ONCE):
        days = [FIRST + timedelta(days=n + 1) for n in range(start, min(start + AT_ONCE, size.days))]
        lake.profiles.append(pl.concat([profiles(size, day) for day in days]))
        lake.membership.append(pl.concat([membership(size, day) for day in days]))
    for back in range(min(size.scored, size.days)):
        day = size.last - timedelta(days=back)
        lake.lifetime("lifetime").replace(scores(size, day), day)


def profiles(size: Size, as_of: date, leave_out: int = 0) -> pl.DataFrame:
    """Everybody of a day but one in 97, who is another one on each day."""
    numbers = _present(size, as_of, leave_out)
    kinds = pl.Series([[{"namespace": name, "value": name} for name in names] for names in KNOWN])
    rows = {"person_id": _ids(numbers), "identities": kinds.gather(numbers // EACH_IN % len(KNOWN))}
    return pl.DataFrame(rows).with_columns(as_of=pl.lit(as_of))


def membership(size: Size, as_of: date, leave_out: int = 0) -> pl.DataFrame:
    """Who is in which audiences; a few came in, and a few left."""
    numbers = _present(size, as_of, leave_out)
    audiences = [(numbers + step) % size.audiences for step in range(EACH_IN)]
    turn = (numbers + as_of.toordinal()) % 50
    status = np.where(turn == 0, "entered", np.where(turn == 1, "exited", "kept"))
    rows = {
        "audience": pl.Series(np.concatenate(audiences)).cast(pl.String),
        "person_id": pl.concat([_ids(numbers)] * EACH_IN),
        "status": pl.Series(np.concatenate([status] * EACH_IN)),
    }
    return pl.DataFrame(rows).with_columns("a" + pl.col("audience"), as_of=pl.lit(as_of))


def scores(size: Size, as_of: date) -> pl.DataFrame:
    """What is predicted of people, the same every day."""
    numbers = _present(size, as_of, 0)
    rows = {
        "person_id": _ids(numbers),
        "p_alive": (numbers % 101) / 101,
        "predicted_value": (numbers * 7919 % 10_007) / 10,
        "fit_id": ["f"] * len(numbers),
    }
    return pl.DataFrame(rows).with_columns(as_of=pl.lit(as_of))


def _present(size: Size, as_of: date, leave_out: int) -> np.ndarray:
    numbers = np.arange(size.people)
    return numbers[((numbers + as_of.toordinal()) % 97 != 0)][leave_out:]


def _ids(numbers: np.ndarray) -> pl.Series:
    return "c" + pl.Series(numbers).cast(pl.String)


def change_day(root: str, size: Size, as_of: date, leave_out: int) -> None:
    """Write a day anew, without some people."""
    lake = Lake(root)
    lake.profiles.replace(profiles(size, as_of, leave_out), as_of)
    lake.membership.replace(membership(size, as_of, leave_out), as_of)


def models() -> dict[str, Model]:
    """The tables of the reporting star schema, as the product declares them."""
    every = load_models(REPOSITORY / "include/sql/insights")
    return {name: each for name, each in every.items() if name.startswith(("adwh_", "complete_days"))}


def refreshed(url: str, root: str, size: Size, as_of: date) -> RefreshReport:
    """Refresh the star schema as of a day, as the product does it."""
    lake = Lake(root)

    def follow(source: str) -> Sequence[Table]:
        names = {"profiles/*": [lake.profiles], "lifetime/*": [lake.lifetime("lifetime")]}
        return names.get(source) or [lake.named(source)]

    return refresh(url, models(), follow, lambda: relations(lake, size), "daily", as_of)


def relations(lake: Lake, size: Size) -> Mapping[str, pl.LazyFrame]:
    """What the tables' queries read."""
    titled = pl.DataFrame({"name": [f"a{n}" for n in range(size.audiences)]})
    titled = titled.with_columns(title=pl.lit("Audience ") + "name", description=pl.lit(""))
    namespaces = pl.DataFrame({"name": NAMESPACES}).with_columns(title="name", type=pl.lit("email"))
    at = datetime(2025, 6, 1)  # noqa: DTZ001
    destinations = [
        {"destination": f"d{n}", "title": f"Destination {n}", "platform": "p", "status": "enabled",
         "created_at": at} for n in range(DESTINATIONS)
    ]  # fmt: skip
    activated = [
        {"destination": f"d{n}", "audience": f"a{audience}", "start_date": FIRST, "end_date": flows.EVER,
         "created_at": at} for n in range(DESTINATIONS) for audience in range(n, size.audiences, 10)
    ]  # fmt: skip
    frames = {
        "transactions": pl.DataFrame({"event_date": [FIRST, size.last]}),
        "profile_definitions": pl.DataFrame({"name": [POLICY], "title": ["People"], "is_default": [True]}),
        "namespace_definitions": namespaces,
        "audience_definitions": titled,
        "lifetime_definitions": pl.DataFrame({"name": ["lifetime"], "title": ["Value"]}),
        "lifetime_models": pl.DataFrame(schema=LIFETIME_MODELS),
        "destination_platforms": pl.DataFrame({"platform": ["p"], "title": ["Platform"]}),
        "destinations": pl.DataFrame(destinations, schema=flows.DESTINATIONS),
        "activated_audiences": pl.DataFrame(activated, schema=flows.ACTIVATED),
    }
    columns = ["person_id", "as_of", "fit_id", "p_alive", "predicted_value"]
    scored = lake.lifetime("lifetime").scan() if size.scored else pl.LazyFrame(schema=LIFETIME_SCORES)
    return {
        **{name: frame.lazy() for name, frame in frames.items()},
        "people_by_policy": people_by_policy({POLICY: Policy(lake.profiles, "card", is_default=True)}),
        "membership": lake.membership.scan(),
        "evaluations": lake.evaluations.scan(),
        "lifetime_scores": scored.select(columns).with_columns(definition=pl.lit("lifetime")),
    }
