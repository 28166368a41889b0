"""One identity of a person in, as a fingerprint; the fingerprints of all that are known to be theirs out."""

from collections.abc import Iterable, Iterator

import polars as pl

from perennial.errors import TerminalError
from perennial.identity.resolve import current
from perennial.identity.values import EMAIL, EMAIL_SHA256
from perennial.lake.erasure import erased_people
from perennial.signals.erased import fingerprint, fingerprints, phone_prints
from perennial.stages.personal_data import Wanted, person_namespace, phone_regions
from perennial.stages.workspace import Workspace

Pair = tuple[str, str]
"""A namespace and a fingerprint."""


class NoNumber(TerminalError):
    """What was given as a phone number can be none."""


def identities(workspace: Workspace, namespace: str, value_sha256: str) -> Wanted:
    """All identities of the person whom this one names, by namespace.

    They are those of the same person now, those that stand in one row of a dataset, and those that an earlier
    request for the same person found. An address that two people share leads from each to the address, and
    from the address to both. Of a phone number they are all ways in which it was written, and E.164's.
    """
    found = {(namespace, value_sha256)} | _remembered(workspace, namespace, value_sha256)
    rows = list(_rows(workspace))
    # Whom the identities name that were asked for; then by what else these people are known.
    found |= {row[0] for row in rows if found & {*row}}
    found |= {pair for row in rows if row[0] in found for pair in row}
    found |= {(EMAIL_SHA256, fingerprint(print_, EMAIL_SHA256)) for name, print_ in found if name == EMAIL}
    return {name: frozenset(print_ for other, print_ in found if other == name) for name, _ in found}


def print_of(workspace: Workspace, namespace: str, value: str) -> str:
    """The fingerprint of a value that somebody gave; raises `NoNumber` for what can be no phone number."""
    region = phone_regions(workspace).get(namespace)
    if region is None:
        return fingerprint(value, namespace)
    found = phone_prints(pl.Series([value]), region)[0]
    if found is None:
        said = f"of {region} or " if region else ""
        raise NoNumber(
            f"namespace {namespace}: no phone number {said}with a country's code, such as +14155552671"
        )
    return str(found)


def _remembered(workspace: Workspace, namespace: str, value_sha256: str) -> set[Pair]:
    """What requests found that were interrupted, or that came before."""
    known = erased_people(workspace.lake.root).scan()
    requests = known.filter(namespace=namespace, value_sha256=value_sha256).select("request").unique()
    rows = known.join(requests, on="request").select("namespace", "value_sha256").unique().collect()
    return {(name, print_) for name, print_ in rows.iter_rows()}


def _rows(workspace: Workspace) -> Iterator[tuple[Pair, ...]]:
    """Identities that belong together, the one that decides whose they are first."""
    regions = phone_regions(workspace)
    person, known = person_namespace(workspace), current(workspace.lake.identities.scan()).collect()
    for (namespace,), part in known.partition_by("namespace", as_dict=True).items():
        people = fingerprints(part["person_id"], person)
        own = fingerprints(part["value"], str(namespace))
        yield from _pairs([(person, people), (str(namespace), own)])
    for name, dataset in workspace.datasets.items():
        several = len(dataset.identities) > 1 or any(each.namespace in regions for each in dataset.identities)
        if several and workspace.table(name).exists():
            scanned = workspace.table(name).scan()
            # A column that the document has got lately may not be in the table yet.
            there = [i for i in dataset.identities if i.column in scanned.collect_schema()]
            rows = scanned.select(i.column for i in there).unique().collect()
            named = [(i.namespace, fingerprints(rows[i.column], i.namespace)) for i in there]
            named += [
                (i.namespace, phone_prints(rows[i.column], regions[i.namespace]))
                for i in there
                if i.namespace in regions
            ]
            yield from _pairs(named)


def _pairs(columns: Iterable[tuple[str, pl.Series]]) -> Iterator[tuple[Pair, ...]]:
    named = list(columns)
    for prints in zip(*(column for _, column in named), strict=True):
        pairs = [(name, value) for (name, _), value in zip(named, prints, strict=True) if value is not None]
        if pairs:
            yield tuple(pairs)
