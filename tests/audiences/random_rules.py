"""Random people, what they did, and random rules about it: small numbers, so that rules hold for some."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

NOW = datetime(2024, 3, 31, tzinfo=UTC)
WORDS = ["ann", "anna", "bob", "bo", ""]
SPANS = ["1 hour", "12 hours", "1 day", "3 days", "2 weeks", "1 month", "2 months", "1 year"]
KINDS = ["visit", "buy", "return"]
PROFILES = pl.Schema(
    {
        "person_id": pl.String(),
        "rank": pl.Int16(),
        "spend": pl.Decimal(12, 2),
        "name": pl.String(),
        "nickname": pl.String(),
        "active": pl.Boolean(),
        "born": pl.Date(),
        "seen": pl.Datetime("us", "UTC"),
        "ranks": pl.List(pl.Struct({"key": pl.String(), "value": pl.Int16()})),
        "tags": pl.List(pl.String()),
        "spends": pl.List(pl.Decimal(12, 2)),
    }
)
EVENTS = pl.Schema(
    {
        "person_id": pl.String(),
        "event_time": pl.Datetime("us", "UTC"),
        "kind": pl.String(),
        "product": pl.String(),
        "amount": pl.Decimal(12, 2),
        "score": pl.Float64(),
    }
)
DATASETS = ["shop", "app"]


def _maybe(dice: random.Random, value: Any) -> Any:
    return None if dice.random() < 0.15 else value


def _moment(dice: random.Random) -> datetime:
    # Whole hours: many stand exactly at the edge of a window, or at the same moment.
    return NOW - timedelta(hours=dice.choice([0, 1, 11, 12, 24, 48, 72, *range(-24, 3000, 24)]))


def people(dice: random.Random, count: int) -> pl.DataFrame:
    rows = [
        {
            "person_id": f"p{n}",
            "rank": _maybe(dice, dice.randint(1, 5)),
            "spend": _maybe(dice, Decimal(dice.randint(-2, 8)) / 2),
            "name": _maybe(dice, dice.choice(WORDS)),
            "nickname": _maybe(dice, dice.choice(WORDS)),
            "active": _maybe(dice, dice.random() < 0.5),
            "born": _maybe(dice, _moment(dice).date()),
            "seen": _maybe(dice, _moment(dice)),
            "ranks": _maybe(dice, [{"key": k, "value": dice.randint(1, 3)} for k in dice.sample("AB", 1)]),
            "tags": _maybe(dice, dice.sample(WORDS, dice.randint(1, 3))),
            "spends": _maybe(dice, [Decimal(dice.randint(-2, 8)) / 2 for _ in range(dice.randint(1, 2))]),
        }
        for n in range(count)
    ]
    return pl.DataFrame(rows, schema=PROFILES)


def happened(dice: random.Random, persons: int, count: int) -> pl.DataFrame:
    rows = [
        {
            "person_id": f"p{dice.randrange(persons)}",
            "event_time": _moment(dice),
            "kind": _maybe(dice, dice.choice(KINDS)),
            "product": _maybe(dice, dice.choice("xy")),
            "amount": _maybe(dice, Decimal(dice.randint(-2, 6)) / 4),
            "score": _maybe(dice, dice.randint(0, 8) / 4),
        }
        for _ in range(count)
    ]
    return pl.DataFrame(rows, schema=EVENTS)


def rule(dice: random.Random, others: list[str], depth: int = 3) -> dict[str, Any]:
    """A rule as JSON; it may speak of these other audiences."""
    if depth and dice.random() < 0.45:
        word = dice.choice(["all", "any", "none"])
        return {word: [rule(dice, others, depth - 1) for _ in range(dice.randint(1, 3))]}
    kinds = ["attribute", "attribute", "event", "event", "sequence", "share"]
    match dice.choice([*kinds, "audience"] if others else kinds):
        case "attribute":
            return _comparison(dice, "attribute", dict(PROFILES))
        case "event":
            return _event(dice)
        case "sequence":
            return _sequence(dice)
        case "share":
            return _share(dice)
    return {"audience": dice.choice(others)}


def top(dice: random.Random) -> dict[str, Any]:
    """Of those who meet a rule, only some: values are few, so that many are equal to the last one's."""
    name = dice.choice(["rank", "spend", "born", "seen", "ranks"])
    found: dict[str, Any] = {"by": name, "most": dice.choice([1, 3, 10, 100])}
    if name == "ranks":
        found["key"] = dice.choice("AB")
    return found | ({"least_first": True} if dice.random() < 0.5 else {})


def _share(dice: random.Random) -> dict[str, Any]:
    after = dice.choice([0, 0, 0.1, 0.3, 0.55])
    share = dice.choice([0.1, 0.2, 0.45, 0.6 if after < 0.5 else 0.25])
    return {"share": share, "seed": dice.choice("ab")} | ({"after": after} if after else {})


def _comparison(dice: random.Random, word: str, schema: dict[str, Any]) -> dict[str, Any]:
    name = dice.choice([n for n in schema if n not in ("person_id",)])
    found: dict[str, Any] = {word: name}
    if name == "ranks":
        found["key"] = dice.choice("AB")
    operator = dice.choice(_operators(name))
    found["operator"] = operator
    if operator in ("known", "unknown"):
        return found
    if operator in ("within_last", "not_within_last", "within_next"):
        return found | {"value": dice.choice(SPANS if name != "born" else SPANS[2:])}
    if operator in ("one_of", "none_of"):
        return found | {"value": [_value(dice, name) for _ in range(dice.randint(1, 3))]}
    if operator == "between":
        return found | {"value": [_value(dice, name), _value(dice, name)]}
    if dice.random() < 0.2 and name in ("name", "seen", "event_time") and operator[:3] not in ("con", "not"):
        return found | {"value": _other(dice, name)}
    return found | {"value": _value(dice, name)}


def _other(dice: random.Random, name: str) -> dict[str, Any]:
    if name == "name":
        return {"field": "nickname"}
    if name == "event_time":
        return {"now": "-" + dice.choice(SPANS)}
    return dice.choice([{"now": "-" + dice.choice(SPANS)}, {"field": "seen", "plus": dice.choice(SPANS)}])


def _operators(name: str) -> list[str]:
    if name in ("tags", "spends"):
        return ["includes", "includes", "not_includes", "known", "unknown"]
    plain = ["equals", "not_equals", "one_of", "none_of", "known", "unknown"]
    ordered = ["at_least", "at_most", "more_than", "less_than", "between"]
    if name in ("born", "seen", "event_time"):
        return [*plain, *ordered, "within_last", "not_within_last", "within_next"]
    if name in ("name", "nickname", "kind", "product"):
        return [*plain, "contains", "not_contains", "starts_with", "ends_with"]
    return plain if name == "active" else [*plain, *ordered]


def _value(dice: random.Random, name: str) -> Any:
    match name:
        case "rank" | "ranks":
            return dice.randint(1, 5)
        case "spend" | "amount" | "score" | "spends":
            return dice.randint(-2, 8) / 4
        case "active":
            return dice.random() < 0.5
        case "kind":
            return dice.choice(KINDS)
        case "product":
            return dice.choice("xy")
        case "born":
            return _moment(dice).date().isoformat()
        case "seen" | "event_time":
            moment = _moment(dice)
            return dice.choice([moment.isoformat(), moment.date().isoformat()])
    return dice.choice(WORDS)


def _where(dice: random.Random, depth: int = 2) -> dict[str, Any] | None:
    if dice.random() < 0.3:
        return None
    if depth and dice.random() < 0.3:
        inner = [each for _ in range(3) if (each := _where(dice, depth - 1)) is not None]
        return {dice.choice(["all", "any", "none"]): inner} if inner else None
    return _comparison(dice, "field", dict(EVENTS))


def _happening(dice: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"event": dice.choice(DATASETS)}
    where = _where(dice)
    return found | ({"where": where} if where else {})


def _event(dice: random.Random) -> dict[str, Any]:
    found = _happening(dice)
    kind = dice.choice(["count", "count", "count_distinct", "sum", "average", "min", "max"])
    if kind != "count":
        field = dice.choice(
            ["amount", "score"] if kind != "count_distinct" else ["kind", "product", "amount"]
        )
        found |= {"aggregate": kind, "of": field}
    if dice.random() < 0.7:
        operator = dice.choice(["at_least", "at_most", "more_than", "less_than", "equals", "not_equals"])
        value = dice.randint(0, 3) if kind.startswith("count") else dice.randint(-4, 12) / 4
        found |= {"operator": operator, "value": value}
    if dice.random() < 0.6:
        found["within_last"] = dice.choice(SPANS)
    if dice.random() < 0.2:
        found["not_within_last"] = dice.choice(SPANS)
    return found


def _sequence(dice: random.Random) -> dict[str, Any]:
    steps = [_happening(dice) for _ in range(dice.randint(2, 3))]
    for step in steps[1:]:
        if dice.random() < 0.4:
            step["after_at_least"] = dice.choice(SPANS[:4])
        if dice.random() < 0.5:
            step["after_at_most"] = dice.choice(SPANS[2:6])
        if dice.random() < 0.4:
            step["matching"] = {"product": dice.choice(["product", "kind"])}
    found: dict[str, Any] = {"sequence": steps}
    if dice.random() < 0.4:
        found["within_last"] = dice.choice(SPANS[3:])
    return found
