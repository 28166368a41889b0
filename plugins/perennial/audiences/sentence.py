"""A rule in, or a whole audience; what it says as a sentence that a person reads, out."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from perennial.audiences.definition import Audience
from perennial.audiences.lists import UploadedList
from perennial.audiences.rules import (
    WITH_SPAN,
    AudienceCondition,
    Comparison,
    Condition,
    EventCondition,
    FieldCondition,
    FieldRule,
    Group,
    Happening,
    Rule,
    SequenceCondition,
    ShareCondition,
    Step,
)
from perennial.audiences.top import Top
from perennial.audiences.values import Field, FromNow

OPERATORS: Mapping[str, str] = {
    "equals": "is",
    "not_equals": "is not",
    "one_of": "is one of",
    "none_of": "is none of",
    "at_least": "is at least",
    "at_most": "is at most",
    "more_than": "is more than",
    "less_than": "is less than",
    "between": "is between",
    "contains": "contains",
    "not_contains": "does not contain",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "includes": "includes",
    "not_includes": "does not include",
    "within_last": "is within the last",
    "not_within_last": "is not within the last",
    "within_next": "is within the next",
    "known": "is known",
    "unknown": "is not known",
}
"""How operators are read."""
AGGREGATES: Mapping[str, str] = {
    "count": "how often",
    "count_distinct": "number of different",
    "sum": "sum of",
    "average": "average of",
    "min": "least",
    "max": "greatest",
}
_NUMBERS = {
    "at_least": "at least",
    "at_most": "at most",
    "more_than": "more than",
    "less_than": "less than",
    "equals": "exactly",
    "not_equals": "not exactly",
}
_TITLES: Mapping[str, str] = {}


def described(audience: Audience, titles: Mapping[str, str] = _TITLES) -> str:
    """Who belongs to an audience, in words."""
    who = on_list(audience.list) if audience.list else sentence(audience.condition, titles)
    return who if audience.top is None else f"{who}; of these only {first_of(audience.top)}"


def sentence(rule: Rule, titles: Mapping[str, str] = _TITLES) -> str:
    """The rule in words. `titles` are those of datasets and audiences, by their names."""
    return _rule(rule, titles, outermost=True)


def field_words(name: str) -> str:
    """The field of an event as people read it: `products.department` is `department of products`."""
    records, _, column = name.rpartition(".")
    return f"{words(column)} of {words(records)}" if records else words(name)


def words(name: str) -> str:
    """The name of a column as people read it: `spend_12m_decile` is `spend 12m decile`."""
    return name.replace("_", " ").replace(".", ", ")


def on_list(content: UploadedList) -> str:
    """That somebody is on a list, in words."""
    when = f",{_when(content.expires_after, None)}" if content.expires_after else ""
    return f"on an uploaded list, by {words(content.namespace)}{when}"


def first_of(top: Top) -> str:
    """Whom only some are taken from, in words."""
    who = "the person" if top.most == 1 else f"the {top.most:,} people"
    key = f" of {top.key}" if top.key else ""
    return f"{who} with the {'least' if top.least_first else 'greatest'} {words(top.by)}{key}"


def _rule(rule: Rule, titles: Mapping[str, str], *, outermost: bool = False) -> str:
    match rule:
        case Condition():
            key = f" of {rule.key}" if rule.key else ""
            return f"{words(rule.attribute)}{key} {_comparison(rule)}"
        case EventCondition():
            return _event(rule, titles)
        case SequenceCondition():
            return _sequence(rule, titles)
        case AudienceCondition():
            return f"in the audience “{titles.get(rule.audience, words(rule.audience))}”"
        case ShareCondition():
            return _share(rule)
        case Group():
            parts = [_rule(inner, titles) for inner in rule.rules]
            return _joined(parts, rule.word, outermost=outermost)
    raise AssertionError(rule)


def _share(rule: ShareCondition) -> str:
    percent = f"{rule.share * 100:g} %"
    part = f"the next {percent} after {rule.after * 100:g} %" if rule.after else f"a random {percent}"
    return f"in {part} (“{rule.seed}”)"


def _joined(parts: list[str], word: str, *, outermost: bool) -> str:
    if word == "none":
        inner = parts[0] if len(parts) == 1 else " or ".join(parts)
        return f"not ({inner})" if len(parts) > 1 or " and " in inner or " or " in inner else f"not {inner}"
    text = (" and " if word == "all" else " or ").join(parts)
    return text if outermost or len(parts) == 1 else f"({text})"


def _event(rule: EventCondition, titles: Mapping[str, str]) -> str:
    happening, when = _happening(rule, titles), _when(rule.within_last, rule.not_within_last)
    number = f"{_NUMBERS[rule.operator]} {rule.value:g}"
    if rule.aggregate != "count":
        return f"{AGGREGATES[rule.aggregate]} {field_words(str(rule.of))} in {happening}{when} is {number}"
    if (rule.operator, rule.value) == ("at_least", 1):
        return f"{happening}{when}"
    return f"{happening} {number} time{'' if rule.value == 1 else 's'}{when}"


def _sequence(rule: SequenceCondition, titles: Mapping[str, str]) -> str:
    steps = [_step(step, titles) for step in rule.sequence]
    return " then ".join(steps) + _when(rule.within_last, None)


def _step(step: Step, titles: Mapping[str, str]) -> str:
    text = _happening(step, titles)
    if step.matching:
        pairs = [(field_words(own), field_words(other)) for own, other in step.matching.items()]
        same = [own if own == other else f"{own} as {other}" for own, other in pairs]
        text += f" with the same {' and '.join(same)}"
    if step.after_at_least:
        text += f" after at least {step.after_at_least}"
    if step.after_at_most:
        text += f" within {step.after_at_most}"
    return text


def _when(within: str | None, not_within: str | None) -> str:
    text = f" within the last {_span(within)}" if within else ""
    return text + (f" before the last {_span(not_within)}" if not_within else "")


def _span(span: str) -> str:
    return span.strip().removeprefix("1 ")


def _happening(happening: Happening, titles: Mapping[str, str]) -> str:
    name = f"“{titles.get(happening.event, words(happening.event))}”"
    return name if happening.where is None else f"{name} ({_fields(happening.where)})"


def _fields(rule: FieldRule) -> str:
    if isinstance(rule, FieldCondition):
        return f"{field_words(rule.field)} {_comparison(rule)}"
    return _joined([_fields(inner) for inner in rule.rules], rule.word, outermost=False)


def _comparison(rule: Comparison) -> str:
    text = OPERATORS[rule.operator]
    if isinstance(rule.value, list):
        return f"{text} {(' and ' if rule.operator == 'between' else ', ').join(map(_value, rule.value))}"
    if rule.operator in WITH_SPAN:
        return f"{text} {_span(str(rule.value))}"
    return text if rule.value is None else f"{text} {_value(rule.value)}"


def _value(value: Any) -> str:
    if isinstance(value, FromNow):
        span = value.now.strip()
        return f"{span[1:].strip()} ago" if span.startswith("-") else f"{span.lstrip('+').strip()} from now"
    if isinstance(value, Field):
        base = words(value.field) + (f" of {value.key}" if value.key else "")
        if value.plus is None:
            return base
        earlier = value.plus.strip().startswith("-")
        return f"{value.plus.strip().lstrip('+-').strip()} {'before' if earlier else 'after'} {base}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:g}" if isinstance(value, float) else str(value)
