"""What a task wrote in; what that is, how large, and what it is made from, out. No row is read for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deltalake.exceptions import DeltaError

from perennial.lake.tables import Table
from perennial.lake.written import Written
from perennial.lineage import signals, tables
from perennial.lineage.model import Dataset, Derivation, Use, lake
from perennial.lineage.names import Places
from perennial.queries.catalog import said
from perennial.settings import Settings
from perennial.stages.workspace import Workspace

Fields = Mapping[str, str]
"""Names of columns, and their types where these are known."""
Origin = Mapping[str, Dataset]
"""By the names of datasets of signals: where the rows that were written came from."""
NOWHERE: Origin = {}


@dataclass(frozen=True)
class Made:
    """A dataset that a task wrote."""

    derivation: Derivation
    fields: Fields = field(default_factory=dict)
    rows: int | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Lineage:
    """What a task wrote, what it is made from, and where all of it is."""

    places: Places
    written: Mapping[Dataset, Made]
    read: Mapping[Dataset, Fields]


def places(settings: Settings, store: str = "") -> Places:
    """Where a deployment keeps its things; `store` is PostgreSQL's URL."""
    return Places(
        {
            "lake": settings.lake,
            "landing": settings.landing,
            "staging": str(settings.staging),
            "spool": str(settings.spool),
            "exports": str(settings.exports),
        },
        store,
        settings.stream_log or "",
    )


def gathered(
    workspace: Workspace, where: Places, written: Mapping[Dataset, Made], origin: Origin | None = None
) -> Lineage:
    """What was written, without what is not there, and the columns of all that it is made from."""
    there: dict[Dataset, Fields | None] = {}

    def fields(dataset: Dataset) -> Fields | None:
        if dataset not in there:
            there[dataset] = fields_of(workspace, dataset, origin or {})
        return there[dataset]

    def is_there(use: Use) -> bool:
        known = fields(use.dataset)
        return known is not None and (not known or use.column in known)

    def kept(made: Made) -> Made:
        columns = {
            name: tuple(use for use in uses if is_there(use))
            for name, uses in made.derivation.columns.items()
            if not made.fields or name in made.fields
        }
        also = frozenset(each for each in made.derivation.also if fields(each) is not None)
        rows = tuple(use for use in made.derivation.rows if is_there(use))
        found = Derivation({name: uses for name, uses in columns.items() if uses}, rows, also)
        return Made(found, made.fields, made.rows, made.bytes)

    told = {dataset: kept(made) for dataset, made in written.items()}
    inputs = {each for made in told.values() for each in made.derivation.inputs}
    return Lineage(where, told, {each: fields(each) or {} for each in sorted(inputs)})


def in_lake(workspace: Workspace, written: Written, origin: Origin | None = None) -> dict[Dataset, Made]:
    """The tables of the lake to which something was committed."""
    root, found = workspace.settings.lake.rstrip("/") + "/", {}
    for uri, size in written.by_table().items():
        name = uri.removeprefix(root)
        if tables.is_told(name):
            fields = fields_of(workspace, lake(name)) or {}
            derivation = tables.derivation(workspace, name, origin)
            found[lake(name)] = Made(derivation, fields, size["rows"], size["bytes"])
    return found


def landed(workspace: Workspace, *, daily: bool) -> Origin:
    """Where the files of datasets lie."""
    found = ((name, signals.files(each, daily=daily)) for name, each in workspace.datasets.items())
    return {name: each for name, each in found if each is not None}


def uploaded(workspace: Workspace) -> Origin:
    """Where the files of uploads wait, of all datasets in one folder."""
    return dict.fromkeys(workspace.datasets, Dataset("staging", "."))


def streamed(workspace: Workspace) -> Origin:
    """The topics of datasets that take messages."""
    return {name: Dataset("stream", name) for name, each in workspace.datasets.items() if each.source.stream}


def set_aside(workspace: Workspace) -> Origin:
    """The tables of quarantined rows, which are replayed."""
    return {name: lake(f"quarantine/{name}") for name in workspace.datasets}


def fields_of(workspace: Workspace, dataset: Dataset, origin: Origin = NOWHERE) -> Fields | None:
    """The columns of a dataset, none where they are not known; None for a table that is not there."""
    if dataset.place == "lake":
        return columns_of(Table(workspace.settings.lake, dataset.name))
    for name, each in origin.items():
        if each == dataset and name in workspace.datasets:
            return dict.fromkeys(signals.fields(workspace.datasets[name]), "")
    return {}


def columns_of(table: Table) -> Fields | None:
    """The columns of a table of the lake, by its log."""
    try:
        schema = table.scan().collect_schema() if table.exists() else None
    except DeltaError:
        return None
    return None if schema is None else {name: said(dtype) for name, dtype in schema.items()}
