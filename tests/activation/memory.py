"""A destination in memory that works on its jobs in order and writes down whom it was ever given."""

from collections.abc import Iterator, Mapping, Sequence

from perennial.activation.destinations.base import FieldKind, Limits, Row, Submitted, Suppression


class MemoryDestination:
    """Implements `perennial.activation.destinations.base.Destination`."""

    limits = Limits(rows=3, bytes=1000, removals=2, windows=[], concurrency=1)

    def __init__(self) -> None:
        self.lists: dict[str, set[str]] = {}
        self.opted_out: set[str] = set()
        self.given: list[str] = []
        self._jobs: list[bool] = []

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        pass

    def ensure_list(self, name: str, known: str | None) -> str:
        self.lists.setdefault(name, set())
        return name

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        self.given += [row.key for row in rows]
        for name in lists:
            self.lists[name].update(row.key for row in rows)
        return self._job()

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        self.lists[list_id].difference_update(keys)
        return self._job()

    def _job(self) -> Submitted:
        self._jobs.append(False)
        return Submitted(str(len(self._jobs) - 1) if len(self._jobs) % 2 else None)

    def finished(self, job: str) -> bool:
        known, self._jobs[int(job)] = self._jobs[int(job)], True
        return known

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        return {}

    def suppressions(self) -> Iterator[Suppression]:
        return (Suppression(key, "unsubscribe") for key in sorted(self.opted_out))

    def check(self) -> str:
        return f"{len(self.lists)} lists"
