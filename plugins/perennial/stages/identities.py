"""One identity of a person in, as a fingerprint; the fingerprints of all that are known to be theirs out."""

from collections.abc import Iterable, Iterator

import polars as pl

from perennial.identity.resolve import current
from perennial.identity.values import EMAIL, EMAIL_SHA256
from perennial.lake.erasure import erased_people
from perennial.signals.erased import fingerprint, fingerprints
from perennial.stages.personal_data import Wanted, person_namespace
from perennial.stages.workspace import Workspace

Pair = tuple[str, str]
"""A namespace and a fingerprint."""


def identities(workspace: Workspace, namespace: str, value_sha256: str) -> Wanted:
    """All identities of the person whom this one names, by namespace.

    They are those of the same person now, those that stand in one row of a dataset, and those that an earlier
    request for the same person found. An address that two people share leads from each to the address, and
    from the address to both.
    """
    found = {(namespace, value_sha256)} | _remembered(workspace, namespace, value_sha256)
    rows = list(_rows(workspace))
    # Whom the identities name that were asked for; then by what else these people are known.
    found |= {row[0] for row in rows if found & {*row}}
    found |= {pair for row in rows if row[0] in found for pair in row}
    found |= {(EMAIL_SHA256, fingerprint(print_, EMAIL_SHA256)) for name, print_ in found if name == EMAIL}
    return {name: frozenset(print_ for other, print_ in found if other == name) for name, _ in found}


def _remembered(workspace: Workspace, namespace: str, value_sha256: str) -> set[Pair]:
    """What requests found that were interrupted, or that came before."""
    known = erased_people(workspace.lake.root).scan()
    requests = known.filter(namespace=namespace, value_sha256=value_sha256).select("request").unique()
    rows = known.join(requests, on="request").select("namespace", "value_sha256").unique().collect()
    return {(name, print_) for name, print_ in rows.iter_rows()}


def _rows(workspace: Workspace) -> Iterator[tuple[Pair, ...]]:
    """Identities that belong together, the one that decides whose they are first."""
    person, known = person_namespace(workspace), current(workspace.lake.identities.scan()).collect()
    for (namespace,), part in known.partition_by("namespace", as_dict=True).items():
        people = fingerprints(part["person_id"], person)
        own = fingerprints(part["value"], str(namespace))
        yield from _pairs([(person, people), (str(namespace), own)])
    for name, dataset in workspace.datasets.items():
        if len(dataset.identities) > 1 and workspace.table(name).exists():
            scanned = workspace.table(name).scan()
            # A column that the document has got lately may not be in the table yet.
            there = [i for i in dataset.identities if i.column in scanned.collect_schema()]
            rows = scanned.select(i.column for i in there).unique().collect()
            yield from _pairs((i.namespace, fingerprints(rows[i.column], i.namespace)) for i in there)


def _pairs(columns: Iterable[tuple[str, pl.Series]]) -> Iterator[tuple[Pair, ...]]:
    named = list(columns)
    for prints in zip(*(column for _, column in named), strict=True):
        pairs = [(name, value) for (name, _), value in zip(named, prints, strict=True) if value is not None]
        if pairs:
            yield tuple(pairs)
