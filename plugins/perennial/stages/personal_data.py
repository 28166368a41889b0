"""The documents and a person's fingerprints in; the tables that may hold rows of theirs, and which, out.

A row belongs to the person whom the first of its identities names: two people who share an address do not
share their rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import polars as pl

from perennial.identity.values import EMAIL, EMAIL_SHA256
from perennial.lake import erasure
from perennial.lake.catalog import Lake
from perennial.lake.erasure import Traces, every_file
from perennial.lake.maintenance import tables
from perennial.lake.reading import read
from perennial.lake.tables import Table
from perennial.queries.scheduled import RUN_KEY
from perennial.signals.erased import fingerprints
from perennial.signals.raw_identities import Fields, RawSearch, fields_of
from perennial.stages.workspace import Workspace

Wanted = Mapping[str, frozenset[str]]
"""By namespace, the fingerprints of a person's identities."""
VALUED = ("ledger/", "value/", "rfm/", "lifetime/", "left_behind/", "profiles/", "live/")
"""Areas of the lake with a row, or more, of each person."""
PROVIDER_FIELDS: Fields = {EMAIL: {("email",)}, EMAIL_SHA256: {("email_sha256",)}}
"""Where providers' events name their recipient."""


@dataclass(frozen=True)
class Place:
    """A table that may hold rows of the person."""

    table: Table
    columns: tuple[str, ...]
    """Those that tell whose a row is."""
    belongs: Callable[[pl.DataFrame], pl.Series]
    """Of distinct rows of these columns: which are the person's."""
    named: Mapping[str, erasure.Picks]
    """Columns whose values the table's log may mention."""

    @property
    def doomed(self) -> pl.Expr:
        """Whether a row is the person's."""

        def judged(rows: pl.Series) -> pl.Series:
            frame = rows.struct.unnest()
            distinct = frame.unique()
            marked = distinct.with_columns(self.belongs(distinct).alias("__theirs"))
            joined = frame.join(
                marked, on=list(self.columns), how="left", nulls_equal=True, maintain_order="left"
            )
            return joined["__theirs"]

        return pl.struct(self.columns).map_batches(judged, return_dtype=pl.Boolean, is_elementwise=True)

    def traces(self) -> Traces:
        """What the table holds of them."""
        return erasure.traces(self.table, self.doomed, self.named)


def places(workspace: Workspace, wanted: Wanted) -> Iterator[Place]:
    """All tables that may hold rows of the person, in the order in which they are to be erased.

    What leads to the rest comes last: a request that is interrupted finds it again.
    """
    lake, person = workspace.lake, person_namespace(workspace)
    searches = _searches(workspace, wanted)
    found = [_owned(workspace.table(name), identities, wanted) for name, identities in _owners(workspace)]
    ids = _quarantined(workspace, searches)
    found += [_corrections(lake.corrections, ids, searches), _resolutions(lake.resolutions, ids)]
    found += [_raw(lake.quarantine(name), search) for name, search in searches.items()]
    found += [_owned(table, {"person_id": person}, wanted) for table in _valued(lake)]
    found.append(_owned(lake.membership, {"person_id": person}, wanted))
    found.append(_naming(lake.lists, {"namespace": "value"}, wanted))
    found += [
        _owned(table, {"visitor": namespace}, wanted)
        for name, namespace in _visitors(workspace)
        for table in (lake.visitor_days(name), lake.bots_found(name))
    ]
    found += [
        _naming(table, {"namespace": "value"}, wanted) for table in (lake.bot_marks, lake.bot_decisions)
    ]
    found += _answers(workspace, wanted)
    found.append(_owned(lake.email_events, {"person_id": person, "email_sha256": EMAIL_SHA256}, wanted))
    people, both = ["person_id", "other_person"], {"namespace": "value", "other_namespace": "other_value"}
    found.append(_naming(lake.identity_events, both, wanted, people, person))
    found.append(_owned(lake.identities, {"person_id": person}, wanted))
    found.append(_naming(lake.links, {"left_namespace": "left", "right_namespace": "right"}, wanted))
    return (place for place in found if place.table.exists() and place.columns)


def undecided(workspace: Workspace, wanted: Wanted) -> int:
    """Rows of the quarantine that cannot be split and hold a short value which may be the person's."""
    total = 0
    for name, search in _searches(workspace, wanted).items():
        table = workspace.lake.quarantine(name)
        if table.exists():
            total += sum(map(search.is_open, table.scan().select("raw").collect().to_series()))
    return total


def person_namespace(workspace: Workspace) -> str:
    """The namespace whose values name a person."""
    return workspace.policy.person if workspace.profiles else ""


def phone_regions(workspace: Workspace) -> dict[str, str]:
    """The namespaces of phone numbers, with the region whose numbers need no country's code, or ""."""
    found = workspace.namespaces.items()
    return {name: each.region or "" for name, each in found if each.type == "phone"}


def belongs_by(identities: Mapping[str, str], wanted: Wanted) -> Callable[[pl.DataFrame], pl.Series]:
    """Of rows, whether the first identity (by column: its namespace) that is there is the person's."""

    def belongs(rows: pl.DataFrame) -> pl.Series:
        decided = pl.Series("theirs", [None] * rows.height, dtype=pl.Boolean)
        for column, namespace in identities.items():
            mine = _picks(namespace, wanted)(rows[column])
            decided = pl.DataFrame({"a": decided, "b": mine}).select(pl.coalesce("a", "b")).to_series()
        return decided.fill_null(False)

    return belongs


def _picks(namespace: str, wanted: Wanted) -> erasure.Picks:
    prints = list(wanted.get(namespace, ()))
    return lambda values: fingerprints(values, namespace).is_in(prints)


def _owned(table: Table, identities: Mapping[str, str], wanted: Wanted) -> Place:
    columns = table.scan().collect_schema() if table.exists() else identities
    there = {column: namespace for column, namespace in identities.items() if column in columns}
    named = {column: _picks(namespace, wanted) for column, namespace in there.items()}
    return Place(table, tuple(there), belongs_by(there, wanted), named)


def _naming(
    table: Table, ends: Mapping[str, str], wanted: Wanted, people: Sequence[str] = (), person: str = ""
) -> Place:
    """A table whose rows name identities (columns of their values, by those of namespaces), and people."""

    def belongs(rows: pl.DataFrame) -> pl.Series:
        theirs = pl.Series([False] * rows.height, dtype=pl.Boolean)
        for column in people:
            theirs |= _picks(person, wanted)(rows[column]).fill_null(False)
        for namespace, value in ends.items():
            for name in wanted:
                theirs |= (_picks(name, wanted)(rows[value]) & (rows[namespace] == name)).fill_null(False)
        return theirs

    def mentioned(values: pl.Series) -> pl.Series:
        theirs = pl.Series([False] * len(values), dtype=pl.Boolean)
        for name in wanted:
            theirs |= _picks(name, wanted)(values).fill_null(False)
        return theirs

    columns = [*ends, *ends.values(), *people]
    return Place(table, tuple(columns), belongs, dict.fromkeys([*ends.values(), *people], mentioned))


def _answers(workspace: Workspace, wanted: Wanted) -> Iterator[Place]:
    """What queries and matches left: columns called like an identity's, and e-mail addresses in other texts.

    Those of a match's pairs have their side before that.
    """
    called = {"person_id": person_namespace(workspace)}
    for _, identities in _owners(workspace):
        called |= identities
    for name in tables(workspace.lake.root):
        if name.startswith(("queries/", "matches/")):
            table = Table(workspace.lake.root, name)
            schema = table.scan().collect_schema()
            texts = [column for column, dtype in schema.items() if dtype == pl.String and column != RUN_KEY]
            named = {
                each: _any([called[plain]] if plain in called else [EMAIL, EMAIL_SHA256], wanted)
                for each, plain in zip(texts, map(_plain, texts), strict=True)
            }
            yield Place(table, tuple(texts), _by_any(named), named)


def _plain(column: str) -> str:
    """A pair's column as its own table calls it."""
    return column.removeprefix("left_").removeprefix("right_")


def _any(namespaces: Sequence[str], wanted: Wanted) -> erasure.Picks:
    """Of values, which are the person's in one of these namespaces."""

    def picks(values: pl.Series) -> pl.Series:
        theirs = pl.Series([False] * len(values), dtype=pl.Boolean)
        for namespace in namespaces:
            theirs |= _picks(namespace, wanted)(values).fill_null(False)
        return theirs

    return picks


def _by_any(named: Mapping[str, erasure.Picks]) -> Callable[[pl.DataFrame], pl.Series]:
    """Of rows, whether any of these columns names the person."""

    def belongs(rows: pl.DataFrame) -> pl.Series:
        theirs = pl.Series([False] * rows.height, dtype=pl.Boolean)
        for column, picks in named.items():
            theirs |= picks(rows[column])
        return theirs

    return belongs


def _owners(workspace: Workspace) -> Iterator[tuple[str, dict[str, str]]]:
    """The datasets whose rows are somebody's, with their identities."""
    for name, dataset in workspace.datasets.items():
        if dataset.identities:
            yield name, {identity.column: identity.namespace for identity in dataset.identities}


def _visitors(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The documents about bots, each with the namespace of its visitors."""
    for name, each in workspace.bots.items():
        named = {i.column: i.namespace for i in workspace.dataset(each.dataset).identities}
        if each.visitor in named:
            yield name, named[each.visitor]


def _valued(lake: Lake) -> Iterator[Table]:
    """People's values and profiles of all kinds, those of documents that are no more among them."""
    for name in tables(lake.root):
        if name.startswith(VALUED):
            yield lake.named(name)


def _searches(workspace: Workspace, wanted: Wanted) -> dict[str, RawSearch]:
    fields = {name: fields_of(dataset) for name, dataset in workspace.datasets.items()}
    fields[workspace.lake.email_events.name.rpartition("/")[2]] = PROVIDER_FIELDS
    phones = phone_regions(workspace)
    return {name: RawSearch(each, wanted, phones) for name, each in fields.items()}


def _raw(table: Table, search: RawSearch) -> Place:
    return Place(table, ("raw",), lambda rows: _each(rows, lambda raw: search.matches(raw)), {})


def _corrections(table: Table, ids: frozenset[str], searches: Mapping[str, RawSearch]) -> Place:
    def matches(row: str, dataset: str, raw: str | None) -> bool:
        return row in ids or (dataset in searches and searches[dataset].matches(raw))

    def mentioned(raws: pl.Series) -> pl.Series:
        return pl.Series([any(s.matches(raw) for s in searches.values()) for raw in raws], dtype=pl.Boolean)

    return Place(table, ("id", "dataset", "raw"), lambda rows: _each(rows, matches), {"raw": mentioned})


def _resolutions(table: Table, ids: frozenset[str]) -> Place:
    return Place(table, ("id",), lambda rows: _each(rows, ids.__contains__), {})


def _each(rows: pl.DataFrame, matches: Callable[..., bool]) -> pl.Series:
    return pl.Series([matches(*row) for row in rows.iter_rows()], dtype=pl.Boolean)


def _quarantined(workspace: Workspace, searches: Mapping[str, RawSearch]) -> frozenset[str]:
    """The ids of the person's rows in any quarantine, those of older snapshots included."""
    ids: set[str] = set()
    for name, search in searches.items():
        table = workspace.lake.quarantine(name)
        if not table.exists():
            continue
        schema, place = table.scan().collect_schema(), _raw(table, search)
        for file in every_file(table):
            rows = read(table, schema, file.partition, [file.path]).filter(place.doomed)
            # A file that a killed writer left halfway tells no id.
            with suppress(pl.exceptions.ComputeError):
                ids |= set(rows.select("id").collect().to_series())
    return frozenset(ids)
