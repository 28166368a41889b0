"""Profiles and datasets in; of what rules can be made, and which values there are, out."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from perennial.audiences.comparisons import Kind, Row, Where, fits, kind_of
from perennial.audiences.happenings import records_named
from perennial.audiences.rules import takes
from perennial.audiences.sentence import OPERATORS, field_words, words
from perennial.identity.people import PERSON
from perennial.profiles.browsing import COLUMNS
from perennial.stages.audiences import RESPONSES, events_of
from perennial.stages.profiles import newest
from perennial.stages.referred import references
from perennial.stages.workspace import Workspace

_LABELS: dict[Kind, dict[str, str]] = {
    "number": {},
    "text": {},
    "truth": {},
    "list": {},
    "date": {"at_least": "is on or after", "at_most": "is on or before", "more_than": "is after",
             "less_than": "is before"},
}  # fmt: skip
_LABELS["time"] = _LABELS["date"]
OPERATORS_BY_KIND = {
    kind: [
        {"name": name, "label": own.get(name, OPERATORS[name]), "takes": takes(name)}
        for name in OPERATORS
        if fits(name, kind)
    ]
    for kind, own in _LABELS.items()
}
"""For each kind of column the operators, how they are read, and what they are given."""
HIDDEN = {PERSON, "as_of", "identities", "batch", "event_id", "event_date", "held_at"}
"""Columns that say nothing of a person, or of what happened."""
SOME = 100_000
"""Profiles that are looked at for the keys of maps."""
VALUES = 50


@dataclass(frozen=True)
class Block:
    """An attribute of profiles, or a field of events."""

    name: str
    label: str
    kind: Kind
    group: str = ""
    keys: list[str] | None = None
    """Of a map: what its entries are called."""
    items: Kind | None = None
    """Of a list: what it is made of."""


def attributes(workspace: Workspace) -> list[Block]:
    """What is known of people."""
    if (daily := newest(workspace)) is None:
        return []
    people = daily.scan(workspace)
    schema, groups = people.collect_schema(), _groups(workspace)
    found, some = [], people.head(SOME)
    maps = {name: _keys(some, name) for name, dtype in schema.items() if _is_map(dtype)}
    keys = dict(zip(maps, pl.collect_all(maps.values()), strict=True))
    for name, dtype in schema.items():
        if name in maps:
            inner = dict(dtype.inner.to_schema())["value"]  # type: ignore[attr-defined]
            entries = keys[name].to_series().to_list()
            found.append(Block(name, _label(name), kind_of(inner), groups.get(name, "Value"), entries))
        elif name not in HIDDEN and kind_of(dtype) != "other":
            inner = dtype.inner if isinstance(dtype, pl.List) else None
            items = None if inner is None else kind_of(inner)  # type: ignore[arg-type]
            found.append(Block(name, _label(name), kind_of(dtype), groups.get(name, "Value"), items=items))
    return found


def events(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """What rules can speak of as having happened: by dataset, its label and its fields."""
    titles = {name: each.title for name, each in workspace.datasets.items() if each.kind == "event"}
    of_people = {name: title for name, title in titles.items() if _of_people(workspace, name)}
    return {
        name: {"label": title, "fields": [asdict(block) for block in _fields(workspace, name)]}
        for name, title in {**of_people, RESPONSES: "Responses to e-mails"}.items()
    }


def values(
    workspace: Workspace, column: str, key: str | None, dataset: str | None, search: str
) -> dict[str, Any]:
    """The most frequent values of an attribute, or of an event's field. Raises `RuleError`."""
    if dataset is None:
        daily, what = newest(workspace), "profiles"
        rows = workspace.lake.profiles.scan() if daily is None else daily.scan(workspace)
    else:
        rows = events_of(workspace)(dataset, *records_named([column]))
        what = f"events of {dataset}"
    row = Row.at_once(rows.collect_schema(), what)
    found, dtype = row.column(column, key, Where(what))
    each = found.explode() if isinstance(dtype, pl.List) else found
    counted = rows.select(value=each).group_by("value").agg(count=pl.len()).collect(engine="streaming")
    known = counted.filter(pl.col("value").is_not_null())
    hit = known.filter(
        pl.col("value").cast(pl.String).str.to_lowercase().str.contains(search.lower(), literal=True)
    )
    return {
        "values": hit.sort("count", "value", descending=[True, False]).head(VALUES).to_dicts(),
        "distinct": known.height,
        "missing": int(counted.filter(pl.col("value").is_null())["count"].sum()),
    }


def _fields(workspace: Workspace, dataset: str) -> Iterator[Block]:
    referred = sorted({*references(workspace.datasets[dataset])}) if dataset in workspace.datasets else []
    for name, dtype in events_of(workspace)(dataset, *referred).collect_schema().items():
        if name.rpartition(".")[2] not in HIDDEN and kind_of(dtype) != "other":
            yield Block(name, _capital(field_words(name)), kind_of(dtype))


def _of_people(workspace: Workspace, dataset: str) -> bool:
    identities = workspace.dataset(dataset).identities
    known = [workspace.namespaces[i.namespace] for i in identities if i.namespace in workspace.namespaces]
    return any(each.links for each in known)


def _groups(workspace: Workspace) -> dict[str, str]:
    """Where attributes come from, as far as it is not value."""
    groups = {"first_seen": "Activity", "last_seen": "Activity", "email_sha256": "Contact"}
    for profile in workspace.profiles.values():
        for name in reversed(profile.attributes):
            groups |= dict.fromkeys(workspace.dataset(name).columns, workspace.dataset(name).title)
        groups |= dict.fromkeys(profile.computed, "Computed from events")
        for name in profile.browsing:
            groups |= {f"{name}_{column}": workspace.browsing[name].title for column in COLUMNS}
    return groups


def _keys(people: pl.LazyFrame, name: str) -> pl.LazyFrame:
    entries = people.select(pl.col(name).explode().struct.field("key")).drop_nulls()
    return entries.unique().sort("key")


def _is_map(dtype: pl.DataType) -> bool:
    return (
        isinstance(dtype, pl.List)
        and isinstance(dtype.inner, pl.Struct)
        and {"key", "value"} == {field.name for field in dtype.inner.fields}
    )


def _label(name: str) -> str:
    return _capital(words(name))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
