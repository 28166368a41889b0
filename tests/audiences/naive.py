"""Rules read one person and one event at a time, in plain Python: slow, and written without a look at ours.

It is another answer to the same question, for both evaluators.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta

Row = Mapping[str, Any]
Events = Mapping[str, Sequence[Row]]


def meets(rule: Row, profile: Row, events: Events, now: datetime, members: Mapping[str, set[str]]) -> bool:
    """Whether a person meets a rule, which is given as its JSON; `events` are theirs, before now or not."""
    if "attribute" in rule:
        return _compare(rule, _attribute(profile, rule["attribute"], rule.get("key")), profile, now)
    if "event" in rule:
        return _aggregate(rule, events, now)
    if "sequence" in rule:
        return _sequence(rule, events, now)
    if "audience" in rule:
        return profile["person_id"] in members[rule["audience"]]
    if "share" in rule:
        after, place = Decimal(str(rule.get("after", 0))), thrown(rule["seed"], profile["person_id"])
        return after <= place < after + Decimal(str(rule["share"]))
    for word, combine in (("all", all), ("any", any), ("none", lambda each: not any(each))):
        if rule.get(word) is not None:
            return bool(combine([meets(inner, profile, events, now, members) for inner in rule[word]]))
    raise AssertionError(f"no rule: {rule}")


def first(top: Row, profiles: Iterable[Row]) -> set[str]:
    """Of these people, the first by an attribute."""
    ranked = []
    for profile in profiles:
        value = _attribute(profile, top["by"], top.get("key"))
        if value is not None:
            ranked.append((value, profile["person_id"]))
    ranked.sort(key=lambda each: each[1])
    ranked.sort(key=lambda each: each[0], reverse=not top.get("least_first", False))
    return {person for _, person in ranked[: top["most"]]}


def thrown(seed: str, person: str) -> Decimal:
    """What the die of a seed shows for a person, from 0 to 1: XXH3 as its specification has it, of a text of
    four to eight bytes."""
    text = f"{seed}\x1f{person}".encode()
    assert 4 <= len(text) <= 8
    keyed = int.from_bytes(text[-4:], "little") + (int.from_bytes(text[:4], "little") << 32)
    keyed ^= 0x1CAD21F72C81017C ^ 0xDB979083E96DD4DE  # bytes 8 to 24 of the default secret
    keyed ^= _rotated(keyed, 49) ^ _rotated(keyed, 24)
    keyed = keyed * 0x9FB21C651E98DF25 % 2**64
    keyed ^= (keyed >> 35) + len(text)
    keyed = keyed * 0x9FB21C651E98DF25 % 2**64
    return Decimal(keyed ^ (keyed >> 28)) / 2**64


def _rotated(number: int, left: int) -> int:
    return (number << left | number >> 64 - left) % 2**64


def span(text: str, sign: int = 1) -> relativedelta:
    found = re.fullmatch(r"([+-]?)\s*(\d+) (\w+?)s?", text)
    assert found is not None
    number = sign * int(found[2]) * (-1 if found[1] == "-" else 1)
    return relativedelta(**{found[3] + "s": number})


def _attribute(row: Row, name: str, key: str | None) -> Any:
    found = row[name]
    if key is None:
        return found
    return next((entry["value"] for entry in found or [] if entry["key"] == key), None)


def _moment(like: Any, moment: datetime) -> Any:
    return moment if isinstance(like, datetime) else moment.date()


def _value(value: Any, found: Any, row: Row, now: datetime) -> Any:
    if isinstance(value, dict) and "now" in value:
        return _moment(found, now) + span(value["now"])
    if isinstance(value, dict):
        other = _attribute(row, value["field"], value.get("key"))
        return other + span(value["plus"]) if other is not None and value.get("plus") else other
    if isinstance(found, datetime):
        read = datetime.fromisoformat(value)
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    return date.fromisoformat(value) if isinstance(found, date) else value


def _compare(rule: Row, found: Any, row: Row, now: datetime) -> bool:
    operator = rule["operator"]
    given: Any = rule.get("value")
    if operator in ("known", "unknown"):
        return bool((found is None) == (operator == "unknown"))
    if found is None:
        return False
    if operator in ("includes", "not_includes"):
        return bool((_value(given, found[0], row, now) in found) == (operator == "includes"))
    if operator in ("within_last", "not_within_last", "within_next"):
        moment = _moment(found, now)
        if operator == "within_next":
            return bool(moment <= found < moment + span(given))
        return bool((moment + span(given, -1) <= found < moment) == (operator == "within_last"))
    if isinstance(given, list):
        values = [_value(each, found, row, now) for each in given]
        if operator == "between":
            return bool(values[0] <= found <= values[1])
        return bool((found in values) == (operator == "one_of"))
    value = _value(given, found, row, now)
    if value is None:
        return False
    holds: dict[str, Callable[[], bool]] = {
        "equals": lambda: found == value,
        "not_equals": lambda: found != value,
        "at_least": lambda: found >= value,
        "at_most": lambda: found <= value,
        "more_than": lambda: found > value,
        "less_than": lambda: found < value,
        "contains": lambda: value in found,
        "not_contains": lambda: value not in found,
        "starts_with": lambda: found.startswith(value),
        "ends_with": lambda: found.endswith(value),
    }
    return bool(holds[operator]())


def _holds(where: Row | None, event: Row, now: datetime) -> bool:
    if where is None:
        return True
    if "field" in where:
        return _compare(where, event[where["field"]], event, now)
    if where.get("all") is not None:
        return all(_holds(inner, event, now) for inner in where["all"])
    if where.get("any") is not None:
        return any(_holds(inner, event, now) for inner in where["any"])
    return not any(_holds(inner, event, now) for inner in where["none"])


def _such(happening: Row, within: Row, events: Events, now: datetime) -> list[Row]:
    found = [e for e in events[happening["event"]] if e["event_time"] < now]
    if within.get("within_last"):
        found = [e for e in found if e["event_time"] >= now + span(within["within_last"], -1)]
    if within.get("not_within_last"):
        found = [e for e in found if e["event_time"] < now + span(within["not_within_last"], -1)]
    return [e for e in found if _holds(happening.get("where"), e, now)]


def _aggregate(rule: Row, events: Events, now: datetime) -> bool:
    found = _such(rule, rule, events, now)
    kind = rule.get("aggregate", "count")
    result: Any
    if kind == "count":
        result = len(found)
    else:
        values = [e[rule["of"]] for e in found if e[rule["of"]] is not None]
        if kind == "count_distinct":
            result = len(set(values))
        elif not values:
            return False
        elif kind == "average":
            result = sum(float(v) for v in values) / len(values)
        else:
            functions: dict[str, Callable[[list[Any]], Any]] = {"sum": sum, "min": min, "max": max}
            result = functions[kind](values)
    wanted = rule.get("value", 1)
    if isinstance(result, Decimal):
        wanted = Decimal(str(wanted))
    return _compare({"operator": rule.get("operator", "at_least"), "value": wanted}, result, {}, now)


def _sequence(rule: Row, events: Events, now: datetime) -> bool:
    """Tries all ways to go through the steps."""

    def follows(step: Row, event: Row, last: Row) -> bool:
        begin, end = event["event_time"], event["event_time"]
        if any(event[a] is None or event[a] != last[b] for a, b in step.get("matching", {}).items()):
            return False
        if step.get("after_at_most") and last["event_time"] < begin + span(step["after_at_most"], -1):
            return False
        if step.get("after_at_least"):
            return bool(last["event_time"] <= end + span(step["after_at_least"], -1))
        return bool(last["event_time"] < end)

    first, *rest = rule["sequence"]
    reached = _such(first, rule, events, now)
    for step in rest:
        these = _such(step, rule, events, now)
        reached = [e for e in these if any(follows(step, e, last) for last in reached)]
    return bool(reached)
