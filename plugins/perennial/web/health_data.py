"""The lake, the stream's log and the store in; what the page *Health* shows of them out."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import polars as pl
import psycopg
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from perennial.alerts.outbox import Kept, Outbox
from perennial.errors import PerennialError
from perennial.lake.catalog import Lake
from perennial.lake.maintenance import tables
from perennial.settings import Settings
from perennial.signals.dataset import Dataset
from perennial.signals.log import open_log, unpack
from perennial.signals.stream import offset_name
from perennial.store_pool import UNREACHABLE
from perennial.web import health
from perennial.web.connection import owner_conninfo
from perennial.web.expected import TREND, Expected, expected_of
from perennial.web.health import State
from perennial.web.signals_data import DatasetState, overview
from perennial.web.signals_state import Signals, lake_errors
from perennial.web.store import StoreRefused

FRESH_S = 20
"""How long the list of tables is taken to be as it was."""
ALERTS = 50
AT_ONCE = 8


@dataclass(frozen=True)
class TableHealth:
    """A table of the lake."""

    name: str
    rows: int
    bytes: int
    files: int
    written_at: datetime | None
    state: State = health.FINE


@dataclass(frozen=True)
class DatasetHealth:
    """A dataset as the page shows it."""

    standing: DatasetState
    state: State
    expected: list[Expected] = field(default_factory=list)
    usual_rows: float | None = None
    """The median of what earlier batches of the same source brought."""
    waiting_since: datetime | None = None


class LakeSizes:
    """What each table holds; looked at again after a while."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._lock = lake, threading.Lock()
        self._known: tuple[float, list[TableHealth]] = (0.0, [])

    def __call__(self) -> list[TableHealth]:
        """All tables that were ever written, by name; one that cannot be read is broken."""
        with self._lock:
            at, found = self._known
            if not found or time.monotonic() - at > FRESH_S:
                with lake_errors():
                    names = tables(self._lake.root)
                with ThreadPoolExecutor(AT_ONCE) as pool:
                    found = [*pool.map(self._look, names)]
                self._known = (time.monotonic(), found)
            return found

    def _look(self, name: str) -> TableHealth:
        try:
            table = DeltaTable(f"{self._lake.root.rstrip('/')}/{name}")
            files = pl.DataFrame(table.get_add_actions(flatten=True))
            (last,) = table.history(1)
        except (DeltaError, OSError, ValueError) as error:
            return TableHealth(
                name, 0, 0, 0, None, State("broken", f"cannot be read ({type(error).__name__})")
            )
        rows, size = (int(files[column].sum() or 0) for column in ("num_records", "size_bytes"))
        moment = datetime.fromtimestamp(last["timestamp"] / 1000, UTC)
        return TableHealth(name, rows, size, files.height, moment)


def datasets(signals: Signals, settings: Settings, now: datetime) -> list[DatasetHealth]:
    """Every dataset, those with trouble first."""
    expected, usual = expected_of(signals.lake), _usual_rows(signals.lake)
    found = []
    for standing in overview(signals):
        document, last = standing.document, standing.last
        declared = {each.name for each in document.expectations}
        own = [each for each in expected.get(document.name, []) if each.expectation in declared]
        last_day = max((each.day or date.min for each in own), default=None)
        verdicts = [vars(each) for each in own if (each.day or date.min) == last_day]
        waiting = _waiting_since(signals.lake, settings, document)
        state = health.of_dataset(document, last, standing.newest, verdicts, waiting, now)
        rows = usual.get((document.name, last["source"])) if last else None
        found.append(DatasetHealth(standing, state, own, rows, waiting))
    return health.sorted_by_trouble(found)


def alerts(limit: int = ALERTS) -> tuple[list[Kept], int, str]:
    """The newest notices, unseen ones first; how many are unseen; what is wrong if the store is silent."""
    try:
        with psycopg.connect(owner_conninfo(), connect_timeout=3) as connection:
            outbox = Outbox(connection)
            return outbox.newest(limit), outbox.unseen(), ""
    except (*UNREACHABLE, StoreRefused) as error:
        return [], 0, str(error)


def _usual_rows(lake: Lake) -> dict[tuple[str, str], float]:
    with lake_errors():
        succeeded = lake.batches.scan().filter(status="success").sort("at").unique("batch", keep="last")
        recent = succeeded.filter(pl.col("day").is_not_null() | (pl.col("source") != "files"))
        usual = recent.sort("at").group_by("dataset", "source").agg(pl.col("accepted").tail(TREND).median())
        return {(name, source): rows for name, source, rows in usual.collect().iter_rows()}


def _waiting_since(lake: Lake, settings: Settings, document: Dataset) -> datetime | None:
    """When the oldest message came that has not landed; None if none waits, or the log is out of reach."""
    if not document.source.stream:
        return None
    table = lake.events(document.name) if document.kind == "event" else lake.records(document.name)
    oldest = None
    try:
        log = open_log(settings.spool, settings.stream_log)
        for partition in log.partitions(document.name):
            offset = max(0, table.transaction(offset_name(log, document.name, partition)))
            records, _ = log.read(document.name, partition, offset, 1)
            if records:
                at = unpack(records[0]).received_at
                oldest = at if oldest is None else min(oldest, at)
    except (PerennialError, OSError, DeltaError):
        return None
    return None if oldest is None else datetime.fromtimestamp(oldest / 1e6, UTC)
