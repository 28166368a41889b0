"""Good rows of an event dataset in, those that no other batch has brought out: each event once, for ever."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from perennial.errors import TransientError
from perennial.lake.tables import CommitTransaction, ConcurrentCommit
from perennial.signals.batch_files import BatchFiles
from perennial.signals.dataset import Dataset
from perennial.signals.erased import without_erased
from perennial.signals.index import GROWTH, EventIndex, contains, hashed, stacked

ATTEMPTS = 30
ROWS = 1_000_000
"""How many rows wait before they are compared and written."""


class TooBusyError(TransientError):
    """Other batches of the dataset were promoted again and again before this one could be."""


@dataclass
class EventLanding:
    """The events of one batch on their way into the table.

    Of the same event, the one that comes first is taken. A batch that comes again keeps what it brought.
    """

    dataset: Dataset
    batch: str
    files: BatchFiles
    index: EventIndex
    people_erased: pl.DataFrame = field(default_factory=pl.DataFrame)
    """Whose events from before their erasure are not kept; as `without_erased` takes it."""
    erased: int = 0
    """Rows that were left out for that reason."""
    _accepted: int = 0
    _duplicate: int = 0
    _waiting: list[pl.DataFrame] = field(default_factory=list)
    _taken: list[pl.DataFrame] = field(default_factory=list)
    _runs: list[np.ndarray] = field(default_factory=list)
    """What was taken so far, as `contains` wants it."""
    _own: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._version = self.index.catch_up()
        self._look_back()

    def take(self, good: pl.DataFrame) -> None:
        """Take rows with the dataset's columns; those that are known already are counted and left out."""
        kept, gone = without_erased(good, self.dataset, self.people_erased)
        self.erased += gone.height
        self._waiting.append(kept)
        if sum(part.height for part in self._waiting) >= ROWS:
            self._settle()

    @property
    def accepted(self) -> int:
        """Rows that no other batch has brought."""
        self._settle()
        return self._accepted

    @property
    def duplicate(self) -> int:
        """Rows that are known from elsewhere, or from earlier in the batch."""
        self._settle()
        return self._duplicate

    def fresh(self) -> pl.LazyFrame:
        """The rows that are accepted, not visible to anybody yet."""
        self._settle()
        self.files.flush()
        return self.files.rows() if self.files.written else pl.LazyFrame(schema=self.files.schema)

    def _settle(self) -> None:
        """Compare the rows that wait with what is known; many at a time cost much less than few."""
        if not self._waiting:
            return
        rows = keyed(pl.concat(self._waiting), self.dataset, self.batch)
        self._waiting = []
        codes = hashed(rows).with_row_index("place").sort("high", maintain_order=True)
        fresh = codes.filter(~(_repeated(codes) | self._known(codes) | self._seen(codes)))
        self._duplicate += rows.height - fresh.height
        self._accepted += fresh.height
        if fresh.height < rows.height:
            is_fresh = np.zeros(rows.height, dtype=bool)
            is_fresh[fresh["place"].to_numpy()] = True
            rows = rows.filter(is_fresh)
        self.files.write(rows)
        self._remember(fresh.select("high", "low"))

    def promote(self, transactions: tuple[CommitTransaction, ...] = ()) -> None:
        """Make the batch visible, in one commit that no other batch of the dataset can have come before."""
        self._settle()
        for _ in range(ATTEMPTS):
            try:
                version = self.files.promote(self._version, transactions)
            except ConcurrentCommit:
                self._look_again()
                continue
            if not self._own:
                self.index.add(self._taken, version)
            return
        raise TooBusyError(f"{self.batch}: {ATTEMPTS} times another batch was faster; try again")

    def discard(self) -> None:
        """Give up what was written."""
        self.files.discard()

    def _look_again(self) -> None:
        self._version = self.index.catch_up()
        self._look_back()
        self._leave_out_what_came_meanwhile()

    def _look_back(self) -> None:
        """What the batch has brought earlier is not known from elsewhere."""
        before = self.files.before(self._version)
        self._own = []
        if before is not None:
            own = hashed(before.select("event_id").collect()).sort("high")
            self._own.append(stacked(own))

    def _known(self, codes: pl.DataFrame) -> np.ndarray:
        known: np.ndarray = self.index.known(codes) & ~contains(self._own, codes)
        return known

    def _remember(self, run: pl.DataFrame) -> None:
        """Keep the hashes in few runs, as the index does."""
        while self._taken and self._taken[-1].height <= GROWTH * run.height:
            run = self._taken.pop().merge_sorted(run, key="high")
            self._runs.pop()
        self._taken.append(run)
        self._runs.append(stacked(run))

    def _seen(self, codes: pl.DataFrame) -> np.ndarray:
        return contains(self._runs, codes)

    def _leave_out_what_came_meanwhile(self) -> None:
        gone = [part.filter(self._known(part)) for part in self._taken]
        if not any(part.height for part in gone):
            return
        known = pl.concat(gone)
        rows = self.files.rows().collect()
        mask = hashed(rows).with_row_index("place").join(known, on=["high", "low"], how="semi")["place"]
        kept = rows.with_row_index("place").filter(~pl.col("place").is_in(mask.implode())).drop("place")
        self.files.rewrite(kept.lazy())
        self._taken = [part.join(known, on=["high", "low"], how="anti") for part in self._taken]
        self._runs = [stacked(part) for part in self._taken]
        self._accepted, self._duplicate = kept.height, self._duplicate + len(mask)


def _repeated(codes: pl.DataFrame) -> np.ndarray:
    """Which rows, sorted by `high`, have the hash of an earlier one: a mask."""
    high = codes["high"].to_numpy()
    mask = np.zeros(len(high), dtype=bool)
    equal = high[1:] == high[:-1]
    if equal.any():
        alike = np.flatnonzero(np.append(equal, False) | np.insert(equal, 0, False))
        is_first = codes[alike].select(pl.struct("high", "low").is_first_distinct()).to_series()
        mask[alike] = ~is_first.to_numpy()
    return mask


def keyed(good: pl.DataFrame, dataset: Dataset, batch: str) -> pl.DataFrame:
    """The rows with their batch, their id, made of the key, and their day."""
    return good.with_columns(
        batch=pl.lit(batch), event_id=_event_id(good, dataset.key), event_date=pl.col("event_time").dt.date()
    )


def _event_id(rows: pl.DataFrame, key: list[str]) -> pl.Expr:
    """The key's values, separated by bars; different keys never look the same, whatever is in them."""
    values = [pl.col(name).cast(pl.String) for name in key]
    special = rows.select(pl.any_horizontal(value.str.contains_any(["\\", "|"]).any() for value in values))
    if rows.height and special.item():
        values = [value.str.replace_all(r"([\\|])", r"\${1}") for value in values]
    return pl.concat_str(values, separator="|") if len(values) > 1 else values[0]
