"""New links in; whose person changed, and what happened to people, out.

Only those are looked at whom new links reach: the groups of identities that hang together by any links, also
by such as rules did not let through, since a new link may let them. All others stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perennial.identity.graph import Rules, components, people
from perennial.identity.namespace import Namespace
from perennial.lake.identity import EVENTS, LEFT, MAPPING, NAME, PAIR, RIGHT

SEPARATOR = ":"


@dataclass(frozen=True)
class Naming:
    """How people are named: by their strongest identity, the one seen first among equals."""

    namespaces: Mapping[str, Namespace]
    home: str
    """The namespace whose values name people as they are; other ids begin with theirs: `cookie:81f3`."""
    most: int = 50
    """Identities of a person."""

    @property
    def rules(self) -> Rules:
        """What keeps people apart."""
        every = self.namespaces.values()
        return Rules(
            frozenset(each.name for each in every if each.unique),
            {each.name: each.priority for each in every},
            self.most,
        )

    def alone(self, namespace: str = "namespace", value: str = "value") -> pl.Expr:
        """Who an identity is that nothing is linked to, from the columns of its namespace and its value."""
        named = pl.concat_str(namespace, pl.lit(SEPARATOR), value)
        plain = (pl.col(namespace) == self.home) & ~pl.col(value).str.contains(SEPARATOR, literal=True)
        return pl.when(plain).then(value).otherwise(named)

    def identity(self, person: str) -> list[pl.Expr]:
        """The identity that names a person, from the column of their id: its namespace, and its value."""
        parts = pl.col(person).str.splitn(SEPARATOR, 2).struct
        named = parts.field("field_1").is_not_null()
        return [
            pl.when(named).then(parts.field("field_0")).otherwise(pl.lit(self.home)).alias("namespace"),
            pl.when(named).then(parts.field("field_1")).otherwise(pl.col(person)).alias("value"),
        ]

    def is_certain(self, namespace: str) -> bool:
        """Whether an identity of a namespace names its person, whatever it is linked to."""
        own, others = self.namespaces[namespace], [e for e in self.namespaces.values() if e.name != namespace]
        strongest = all(own.priority > each.priority for each in others if each.links)
        return namespace == self.home and own.unique and strongest


@dataclass(frozen=True)
class Resolution:
    """Rows to add to the tables of who is who, and of what happened."""

    mapping: pl.DataFrame
    events: pl.DataFrame


def resolve(
    links: pl.LazyFrame,
    touched: pl.DataFrame,
    before: pl.LazyFrame,
    naming: Naming,
    at: datetime,
    step: int,
) -> Resolution:
    """Find those anew whom changed links reach.

    `links` are all links as they are now (as `LINKS`), `touched` the identities at those that came or went
    (namespace, value), and `before` is who is who (as `MAPPING`, each identity once). `step` grows from
    call to call, and tells changes of one moment apart.
    """
    groups = before.join(touched.lazy(), on=NAME, how="semi").select("group").unique().collect()
    old = before.join(groups.lazy(), on="group", how="semi").collect()
    members = pl.concat([old.select(NAME), touched]).unique().sort(NAME)
    theirs = links.join(members.lazy(), left_on=LEFT, right_on=NAME, how="semi")
    numbered = _numbered(theirs, members)
    found = people(members["namespace"], numbered, naming.rules)
    group = components(members.height, numbered["left"].to_numpy(), numbered["right"].to_numpy())
    named = members.with_columns(
        person=pl.Series(found.label),
        group=pl.concat_str(*NAME, separator=":").gather(pl.Series(group)),
        first_seen=_first_seen(numbered, members.height),
    )
    were = old.select(*NAME, old_person="person_id", old_group="group")
    now = named.join(_names(named, naming), on="person").join(were, on=NAME, how="left").sort(NAME)
    other = pl.any_horizontal(
        pl.col("person_id").ne_missing(pl.col("old_person")), pl.col("group").ne_missing(pl.col("old_group"))
    )
    changed = now.filter(other)
    mapping = changed.with_columns(since=pl.lit(at, MAPPING["since"]), step=pl.lit(step, pl.Int64)).select(
        MAPPING.names()
    )
    happened = [_joined(changed, naming), _moved(now), _refused(found.refused, now)]
    events = pl.concat([pl.DataFrame(schema=EVENTS), *happened], how="diagonal")
    return Resolution(mapping, events.with_columns(at=pl.lit(at, EVENTS["at"])))


def current(mapping: pl.LazyFrame, as_known: datetime | None = None) -> pl.LazyFrame:
    """Who is who: the newest row of each identity, or what was known then."""
    rows = mapping if as_known is None else mapping.filter(pl.col("since") <= as_known)
    return rows.group_by(NAME).agg(pl.col("person_id", "group", "since").sort_by("step").last())


def periods(mapping: pl.LazyFrame) -> pl.LazyFrame:
    """Whose each identity was from when to when: `since` and `until`, which is null for what holds now."""
    until = pl.col("since").shift(-1).over(*NAME, order_by="step")
    return mapping.with_columns(until=until)


def ends(links: pl.LazyFrame) -> pl.LazyFrame:
    """The identities at links, each once: (namespace, value)."""
    left, right = (links.select(namespace=names[0], value=names[1]) for names in (LEFT, RIGHT))
    return pl.concat([left, right]).unique()


def _numbered(links: pl.LazyFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Links between numbers of identities: (left, right, first_seen, seen), each pair once."""
    numbers = members.lazy().with_columns(number=pl.int_range(pl.len()))
    found = links.group_by(PAIR).agg(pl.col("first_seen").min(), seen=pl.col("last_seen").max())
    for ends, number in ((LEFT, "l"), (RIGHT, "r")):
        found = found.join(numbers.rename({"number": number}), left_on=ends, right_on=NAME, how="inner")
    numbered = found.select("first_seen", "seen", left="l", right="r")
    # In one order: how graphs are searched is nobody's business.
    return numbered.collect(engine="streaming").sort("left", "right")


def _first_seen(links: pl.DataFrame, count: int) -> pl.Series:
    ends = pl.concat([links.select("first_seen", at=side) for side in ("left", "right")])
    seen = ends.group_by("at").agg(pl.col("first_seen").min())
    return pl.DataFrame({"at": range(count)}).join(seen, on="at", how="left", maintain_order="left")[
        "first_seen"
    ]


def _names(named: pl.DataFrame, naming: Naming) -> pl.DataFrame:
    """(person, person_id): what people are called."""
    priority = pl.col("namespace").replace_strict(naming.rules.priority, default=0, return_dtype=pl.Int64)
    ordered = named.sort(priority, "first_seen", *NAME, descending=[True, False, False, False])
    first = ordered.group_by("person", maintain_order=True).first()
    return first.select("person", person_id=naming.alone())


def _joined(changed: pl.DataFrame, naming: Naming) -> pl.DataFrame:
    """Identities that nothing was linked to before: they were people of their own."""
    new = changed.filter(pl.col("old_person").is_null()).with_columns(other_person=naming.alone())
    joined = new.filter(pl.col("other_person") != pl.col("person_id"))
    return joined.select(pl.lit("joined").alias("event"), "person_id", "other_person", *NAME).sort(NAME)


def _moved(now: pl.DataFrame) -> pl.DataFrame:
    """People who are others now, or only a part of whom they were."""
    were = now.filter(pl.col("old_person").is_not_null())
    parts = were.select("old_person", "person_id").unique()
    kept = pl.len().over("old_person") == 1
    moved = parts.with_columns(pl.when(kept).then(pl.lit("merged")).otherwise(pl.lit("split")).alias("event"))
    moved = moved.filter(pl.col("old_person") != pl.col("person_id"))
    return moved.select("event", "person_id", other_person="old_person").sort("person_id", "other_person")


def _refused(refused: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Links that were not followed, each with the people on both sides."""
    ends = now.select("person_id", *NAME, number=pl.int_range(pl.len()))
    other = ends.rename({"person_id": "other_person", "namespace": "other_namespace", "value": "other_value"})
    found = refused.sort("left", "right").join(ends, left_on="left", right_on="number", maintain_order="left")
    found = found.join(other, left_on="right", right_on="number", maintain_order="left")
    return found.select(
        pl.lit("refused").alias("event"), *ends.columns[:-1], *other.columns[:-1],
        pl.col("reason").cast(pl.String),
    )  # fmt: skip
