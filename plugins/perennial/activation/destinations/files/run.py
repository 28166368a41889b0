"""One activation to files as of one day: members and profiles in; files where they are fetched from out.

This is a flow of its own, beside that of providers: a file has no requests to record, no rows that are
refused and nobody to ask who opted out, and a whole audience need not fit into memory. What it shares is the
ledger: its runs, its lock, and its report. Killed at any moment and run again, the files are the same: they
are named after the day, and what they tell follows from what the files of earlier days told.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from perennial.activation.definition import Activation
from perennial.activation.destinations.files.columns import key
from perennial.activation.destinations.files.definition import STATUS, Files
from perennial.activation.destinations.files.encryption import encrypt
from perennial.activation.destinations.files.ledger import FileLedger, Written
from perennial.activation.destinations.files.names import names
from perennial.activation.destinations.files.places import Place
from perennial.activation.destinations.files.rows import Qualified, Rows
from perennial.activation.ledger import Ledger
from perennial.activation.run import Report, by_lot


@dataclass(frozen=True)
class FilesReport(Report):
    """What a run did. `upserted` are the rows of who is in an audience, `removed` those of who left."""

    files: Mapping[str, int] = field(default_factory=dict)
    """The files that appeared, and the rows of each."""


@dataclass(frozen=True)
class Receiver:
    """Where files go, and for whom they are encrypted."""

    place: Place
    keys: Path
    """The folder below which `files.encrypt` is looked for."""


def run(
    activation: Activation,
    as_of: datetime,
    members: pl.LazyFrame,
    profiles: pl.LazyFrame,
    titles: Mapping[str, str],
    ledger: Ledger,
    receiver: Receiver,
    qualified: Qualified,
    dry_run: bool = False,
    kept: Mapping[str, int] | None = None,
) -> FilesReport:
    """Write the files of `as_of`; the arguments are those of `perennial.activation.run.run`.

    `qualified` says since when people are in audiences, for those who share a key. A day before the newest
    one that was sent is a no-op; that day itself is written again, the same.
    """
    files = activation.files
    assert files is not None  # noqa: S101 - an activation of this kind has them
    empty = FilesReport(activation.name, ledger.destination, as_of.isoformat(), kept=kept or {})
    if reason := ledger.behind(as_of):
        return replace(empty, skipped=reason)
    drawn = by_lot(activation, members, profiles, ledger.assignments(), key(activation))
    empty = replace(empty, held_out=drawn.held_out)
    exits = activation.mode == "incremental" or any(
        source.attribute == STATUS for source in activation.mapping.values()
    )
    ours = FileLedger(ledger)
    with TemporaryDirectory(prefix="perennial-files-") as temporary:
        rows = Rows(activation, files, Path(temporary))
        try:
            rows.want(drawn.members, profiles, qualified)
            rows.compare(ours.told(as_of, Path(temporary) / "told.csv") if exits else None)
            counts = rows.counts()
            report = replace(
                empty,
                upserted=counts.active, removed=counts.exited if exits else 0, unchanged=counts.unchanged,
                shared_key=counts.shared_key, without_key=counts.without_key,
            )  # fmt: skip
            if dry_run:
                return report
            run_id = ledger.begin(as_of)
            ledger.assign(as_of, drawn.assigned)
            written: list[Written] = []
            delivery = _Delivery(activation, files, as_of, receiver, ours, run_id)
            for audience in rows.audiences(exits):
                parts = rows.write(audience, exits)
                written += delivery.of(audience, titles.get(audience, audience), parts)
            report = replace(report, files={each.name: each.rows for each in written})
            ours.finish(run_id, as_of, rows.state() if exits else None, asdict(report))
            return report
        finally:
            rows.close()
            receiver.place.close()


@dataclass(frozen=True)
class _Delivery:
    """How the files of one run appear."""

    activation: Activation
    files: Files
    as_of: datetime
    receiver: Receiver
    ledger: FileLedger
    run_id: int

    def of(self, audience: str, title: str, parts: list[tuple[Path, int]]) -> list[Written]:
        """Have an audience's files appear, one after the other; each is recorded before it does.

        Further parts that an earlier attempt or an earlier day left under these names are taken away.
        """
        known = self.ledger.names(audience)
        called = names(self.files.name, self.files.ending, self.activation.name, audience, title, self.as_of)
        written = []
        for number, ((path, rows), name) in enumerate(zip(parts, called, strict=False), start=1):
            file = encrypt(path, self.receiver.keys / self.files.encrypt) if self.files.encrypt else path
            written.append(Written(audience, name, number, rows, file.stat().st_size))
            self.ledger.expect(self.run_id, written[-1])
            self.receiver.place.put(file, name)
            file.unlink()
        for name in called:
            if name not in known:
                break
            self.receiver.place.remove(name)
            self.ledger.forget(name)
        return written
