"""A person's identity in; the lake and the store without them, and a certificate of what was removed, out.

Before anything is removed, the person's fingerprints and what is to be removed are written down. A request
that was interrupted and is made again finds the rest by them, and ends with the same certificate.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from perennial.activation import erasure as store
from perennial.identity.values import EMAIL
from perennial.lake import erasure
from perennial.lake.erasure import ERASED, ErasureIncomplete, erased_people
from perennial.lake.expiry import QUARANTINE_DAYS
from perennial.lake.maintenance import tables
from perennial.lake.storage import is_remote
from perennial.lake.tables import Table
from perennial.signals.stream import KEEP
from perennial.stages.identities import identities
from perennial.stages.lateness import forget, note_arrivals
from perennial.stages.personal_data import Wanted, person_namespace, phone_regions, places, undecided
from perennial.stages.workspace import Workspace

FOUND = pl.Schema(
    {
        "request": pl.String(),
        "place": pl.String(),
        "rows": pl.Int64(),
        "files": pl.Int64(),
        "bytes": pl.Int64(),
    }
)
"""What each attempt of a request found, table by table, before it removed it."""
CERTIFICATES = pl.Schema(
    {
        "request": pl.String(),
        "namespace": pl.String(),
        "value_sha256": pl.String(),
        "requested_at": pl.Datetime("us", "UTC"),
        "verified": pl.Boolean(),
        "document": pl.String(),
    }
)
"""The certificates, as JSON documents."""
IMPERSONAL = (
    "signals/batches",
    "lake/checkpoints",
    "days/",
    "privacy/",
    "value_history/",
    "value_by_decile/",
    "value_movement/",
    "models/",
    "lifetime_actuals/",
)
"""Tables in which nobody is named."""


@dataclass(frozen=True)
class Request:
    """Who is to be erased, by one of their identities."""

    name: str
    """The same for all attempts of one request."""
    namespace: str
    value_sha256: str
    """SHA-256 of the value: e-mail addresses in lower case, phone numbers in E.164, all of them trimmed."""
    reason: str
    at: datetime
    """When it was made: what is known of the person until then is erased."""


def certificates(root: str) -> Table:
    """The lake's table of certificates."""
    return Table(root, "privacy/certificates", schema=CERTIFICATES)


def found(root: str) -> Table:
    """The lake's table of what requests found."""
    return Table(root, "privacy/found", schema=FOUND)


def count(workspace: Workspace, store_url: str | None, request: Request) -> dict[str, int]:
    """What an erasure would remove: rows by table; 0 where only older snapshots or the log hold something."""
    wanted = identities(workspace, request.namespace, request.value_sha256)
    held = {place.table.name: place.traces() for place in places(workspace, wanted)}
    counts = {name: traces.rows for name, traces in held.items() if traces}
    return counts | {name: rows for name, rows in _in_store(store_url, workspace, wanted).items() if rows}


def erase(workspace: Workspace, store_url: str | None, request: Request, now: datetime) -> dict[str, Any]:
    """Erase the person everywhere; returns the certificate, which does not name them.

    Raises `ErasureIncomplete` where something of the person is, or may be, still there.
    """
    root = workspace.lake.root
    done = certificates(root).scan().filter(request=request.name).collect()
    if done.height:
        return dict(json.loads(done["document"][0]))
    wanted = identities(workspace, request.namespace, request.value_sha256)
    _remember(workspace, request, wanted)
    open_rows = undecided(workspace, wanted)
    _erase_in_store(store_url, workspace, request, wanted)
    left = []
    note_arrivals(workspace)
    for place in places(workspace, wanted):
        if traces := place.traces():
            _note(root, request, place.table.name, traces.rows, traces.files, traces.bytes)
            try:
                erasure.erase(place.table, place.doomed, now)
                _forget(workspace, place.table)
            except ErasureIncomplete as error:
                left.append(str(error))
    if left:
        raise ErasureIncomplete("; ".join(left))
    searched = _verify(workspace, store_url, wanted)
    certificate = _certificate(workspace, request, wanted, searched, open_rows)
    row = asdict(request) | {
        "request": request.name, "requested_at": request.at, "verified": True,
        "document": json.dumps(certificate),
    }  # fmt: skip
    certificates(root).append(pl.DataFrame([{name: row[name] for name in CERTIFICATES}], schema=CERTIFICATES))
    return certificate


def _remember(workspace: Workspace, request: Request, wanted: Wanted) -> None:
    """Write down who is erased, so that nothing of theirs from before comes in again."""
    root, regions = workspace.lake.root, phone_regions(workspace)
    known = erased_people(root).scan().filter(request=request.name).collect()
    rows = [
        (request.name, name, value, request.at, regions.get(name))
        for name, values in wanted.items()
        for value in values
    ]
    fresh = pl.DataFrame(rows, schema=ERASED, orient="row")
    fresh = fresh.join(known, on=["namespace", "value_sha256", "erased_at"], how="anti")
    if fresh.height:
        erased_people(root).append(fresh.sort("namespace", "value_sha256"))


def _note(root: str, request: Request, place: str, rows: int, files: int = 0, size: int = 0) -> None:
    row = (request.name, place, rows, files, size)
    found(root).append(pl.DataFrame([row], schema=FOUND, orient="row"))


def _forget(workspace: Workspace, table: Table) -> None:
    """Events that were erased make no day otherwise: what was computed of the others stays as it is."""
    area, _, dataset = table.name.partition("/")
    if area == "events" and workspace.dataset(dataset).kind == "event":
        forget(workspace, dataset, date.max)


def _in_store(store_url: str | None, workspace: Workspace, wanted: Wanted) -> dict[str, int]:
    if store_url is None:
        return {}
    people, addresses = wanted.get(person_namespace(workspace), ()), wanted.get(EMAIL, ())
    return {f"store: {name}": rows for name, rows in store.count(store_url, people, addresses).items()}


def _erase_in_store(store_url: str | None, workspace: Workspace, request: Request, wanted: Wanted) -> None:
    held = _in_store(store_url, workspace, wanted)
    for name, rows in held.items():
        if rows:
            _note(workspace.lake.root, request, name, rows)
    if store_url is not None and any(held.values()):
        store.erase(store_url, wanted.get(person_namespace(workspace), ()), wanted.get(EMAIL, ()))


def _verify(workspace: Workspace, store_url: str | None, wanted: Wanted) -> list[str]:
    """Search everything again; returns what was searched."""
    searched = []
    for place in places(workspace, wanted):
        searched.append(place.table.name)
        if place.traces():
            raise ErasureIncomplete(
                f"{place.table.name} holds something of the person again: others wrote meanwhile. Ask again"
            )
    held = _in_store(store_url, workspace, wanted)
    if any(held.values()):
        raise ErasureIncomplete(
            "the store holds something of the person again: ask again after the activation"
        )
    return sorted([*searched, *held])


def _certificate(
    workspace: Workspace, request: Request, wanted: Wanted, searched: list[str], open_rows: int
) -> dict[str, Any]:
    root = workspace.lake.root
    noted = found(root).scan().filter(request=request.name)
    # An attempt that was interrupted found more than the one after it.
    removed = noted.group_by("place").agg(pl.col("rows", "files", "bytes").max()).sort("place").collect()
    not_searched = [name for name in tables(root) if name not in searched and not name.startswith(IMPERSONAL)]
    return {
        "request": request.name,
        "requested_at": request.at.isoformat(),
        "reason": request.reason,
        "identity": {"namespace": request.namespace, "value_sha256": request.value_sha256},
        "identities": {name: len(values) for name, values in sorted(wanted.items())},
        "removed": removed.to_dicts(),
        "verification": {"searched": searched, "found": 0, "nobody_is_named_in": not_searched},
        "expires": _expires(workspace, request, open_rows),
        "elsewhere": [
            "the destination: erase the contact there too, or it tells us their suppressions again",
            "the source systems' files in the landing zone: what they bring of before the request is refused",
            "the Airflow run of this request: delete it if the identity itself was typed into its form",
            "results of people's queries in the store: for a day; the texts of these queries: for 90 days",
            "backups of the lake and of the store: until they are overwritten",
            *(
                ["the lake's bucket, if it keeps versions: until its rules remove them"]
                if is_remote(root)
                else []
            ),
        ],
    }


def _expires(workspace: Workspace, request: Request, open_rows: int) -> list[Mapping[str, Any]]:
    """What is left to retention, and until when; None where that depends on when it lands."""
    settings, last = workspace.settings, request.at + timedelta(days=QUARANTINE_DAYS)
    landed = (request.at + KEEP).date().isoformat()
    what: list[Mapping[str, Any]] = [
        {
            "what": "messages in the stream's log",
            "until": landed,
            "how": "trimmed, as soon as they have landed",
        },
        {"what": "files of uploaded batches", "until": None, "how": "removed with their batches"},
    ]
    if open_rows:
        rows = f"{open_rows} quarantined rows that cannot be split and may be the person's"
        what.append({"what": rows, "until": last.date().isoformat(), "how": "maintenance of the lake"})
    return what if settings.spool.exists() else what[2:]
