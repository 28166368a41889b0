"""Members and profiles in; what the destination should hold, one row for each address, out.

Who is reached is held in memory, and what is sent of them for some at a time.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from perennial.activation.definition import Activation, Source
from perennial.activation.destinations.base import FieldKind
from perennial.activation.ranges import EVERY_KEY, KeyRange
from perennial.errors import TerminalError

SCHEMA: dict[str, pl.DataType] = {
    "key": pl.String(),
    "person_id": pl.String(),
    "payload": pl.String(),
    "payload_hash": pl.String(),
    "audiences": pl.List(pl.String()),
}


class MappingError(TerminalError):
    """A mapping names something that the profile does not have, or that no destination takes."""


@dataclass(frozen=True)
class Desired:
    """The wanted state of one destination."""

    reachable: pl.DataFrame
    """audience, person_id, key: the memberships of people who can be reached, each once."""
    profiles: pl.LazyFrame
    """person_id, and what the fields are made of."""
    payload: pl.Expr
    """JSON of the mapped fields."""
    fields: Mapping[str, FieldKind]
    """The mapped fields and what they hold."""
    without_key: Mapping[str, int]
    """For each audience, the members that cannot be reached, because the profile lacks the key."""

    @property
    def shared_key(self) -> int:
        """People who share their key with a person of a smaller id, whose fields are sent."""
        people = self.reachable.select(pl.col("person_id", "key").n_unique()).row(0)
        return int(people[0] - people[1])

    def rows(self, within: KeyRange = EVERY_KEY) -> pl.DataFrame:
        """As `SCHEMA`, one for each key of a range; audiences are sorted."""
        some = self.reachable.filter(within.holds(pl.col("key"))).lazy()
        profiles = self.profiles.join(some, on="person_id", how="semi")
        rows = (
            some.join(profiles.select("person_id", payload=self.payload), on="person_id")
            .sort("key", "person_id", "audience")
            .group_by("key", maintain_order=True)
            .agg(
                pl.col("person_id", "payload").first(),
                pl.col("audience").unique().sort().alias("audiences"),
            )
            .collect()
        )
        rows = rows.with_columns(payload_hash=_hashes(rows["payload"]))
        return rows.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def desired(activation: Activation, members: pl.LazyFrame, profiles: pl.LazyFrame) -> Desired:
    """Join `members` (audience, person_id) with `profiles` (person_id, attributes) as the activation says."""
    schema = profiles.collect_schema()
    kinds = {target: kind_of(activation, source, schema) for target, source in activation.mapping.items()}
    values = [_value(source, kinds[target]).alias(target) for target, source in activation.mapping.items()]
    payload = pl.struct(values).struct.json_encode() if values else pl.lit("{}")
    wanted = members.filter(pl.col("audience").is_in(activation.audiences)).select("audience", "person_id")
    keys = profiles.select("person_id", key=address(activation))
    joined = wanted.unique().join(keys, on="person_id", how="left").collect()
    return Desired(
        reachable=joined.filter(pl.col("key").is_not_null()),
        profiles=profiles,
        payload=payload,
        fields=kinds,
        without_key=_without_key(activation, joined),
    )


def address(activation: Activation) -> pl.Expr:
    """By what the destination knows a person; null where the profile lacks it."""
    return pl.col(activation.key).str.strip_chars().str.to_lowercase()


def _without_key(activation: Activation, joined: pl.DataFrame) -> dict[str, int]:
    missing = dict(joined.filter(pl.col("key").is_null()).group_by("audience").len().iter_rows())
    return {name: missing.get(name, 0) for name in activation.audiences}


def kind_of(activation: Activation, source: Source, schema: pl.Schema) -> FieldKind:
    """What a mapped value holds; refuses what the profile lacks, and what is no single value."""
    where = f"activation {activation.name}: mapping: {source.attribute}"
    dtype: Any = schema.get(source.attribute)
    if dtype is None:
        raise MappingError(f"{where}: the profile has no such column; it has {', '.join(sorted(schema))}")
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        if source.key is None:
            raise MappingError(f"{where}: this is a map and destinations take single values; add a key")
        dtype = dtype.inner.to_schema()["value"]
    elif source.key is not None:
        raise MappingError(f"{where}: this is no map; take the key {source.key!r} away")
    if isinstance(dtype, pl.List | pl.Struct | pl.Array):
        raise MappingError(f"{where}: destinations take single values, found {dtype}")
    if dtype.is_numeric():
        return "number"
    return "date" if dtype.is_temporal() else "text"


def picked(source: Source) -> pl.Expr:
    """The mapped column, or the entry of a map, as the profile has it."""
    value = pl.col(source.attribute)
    if source.key is None:
        return value
    entry = pl.element().filter(pl.element().struct.field("key") == source.key)
    return value.list.eval(entry.struct.field("value")).list.first()


def _value(source: Source, kind: FieldKind) -> pl.Expr:
    """The mapped value as text, so that money stays exact; null where the profile has none."""
    value = picked(source)
    if kind == "date":
        value = value.cast(pl.Date).dt.strftime("%Y-%m-%d")
    text = value.cast(pl.String)
    return text if source.default is None else text.fill_null(pl.lit(str(source.default)))


def _hashes(payloads: pl.Series) -> pl.Series:
    digests = [hashlib.sha256(payload.encode()).hexdigest()[:32] for payload in payloads]
    return pl.Series("payload_hash", digests, dtype=pl.String)
