"""Members, profiles and what earlier files told in; what this run's files tell, in order and in parts, out.

DuckDB works on files of its own in a temporary folder, and within a bound of memory, however large the
audiences are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from perennial.activation.definition import Activation
from perennial.activation.destinations.files import statements as sql
from perennial.activation.destinations.files.columns import columns, key
from perennial.activation.destinations.files.definition import Files

MEMORY, THREADS = "1GB", 2
Qualified = Callable[[Sequence[str]], pl.DataFrame]
"""People -> since when they are in audiences (audience, person_id, last_qualified)."""
SINCE = pl.Schema({"audience": pl.String(), "person_id": pl.String(), "last_qualified": pl.Date()})
OPTIONS = {
    "csv": "FORMAT csv, HEADER true, DELIMITER '{delimiter}'",
    "json": "FORMAT json",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}


@dataclass(frozen=True)
class Counts:
    """What there is, in numbers."""

    active: int
    exited: int
    unchanged: int
    shared_key: int
    without_key: dict[str, int]


class Rows:
    """The rows of one run."""

    def __init__(self, activation: Activation, files: Files, folder: Path) -> None:
        """`folder` is a temporary one."""
        self._activation, self._files, self._folder = activation, files, folder
        self._headers: dict[str, str] = {}
        self._database = duckdb.connect(
            str(folder / "rows.duckdb"),
            config={
                "memory_limit": MEMORY,
                "threads": str(THREADS),
                "temp_directory": str(folder / "spilled"),
                "autoload_known_extensions": "false",
                "autoinstall_known_extensions": "false",
                "python_enable_replacements": "false",
            },
        )
        self._database.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")

    def close(self) -> None:
        """Let go of the files."""
        self._database.close()

    def want(self, members: pl.LazyFrame, profiles: pl.LazyFrame, qualified: Qualified) -> None:
        """Take who is in which audience: of those who share a key, who qualified last."""
        there = columns(self._activation, profiles.collect_schema())
        self._headers = there.headers
        ours = members.filter(pl.col("audience").is_in(self._activation.audiences))
        self._spill("members", ours.select("audience", "person_id"))
        known = profiles.select("person_id", key(self._activation).alias("key"), *there.values)
        self._spill("profiles", known)
        self._run(sql.REACHABLE)
        self._run(sql.SHARED)
        people = [str(one) for (one,) in self._run("SELECT DISTINCT person_id FROM shared").fetchall()]
        since = qualified(people).select(*SINCE).cast(SINCE) if people else pl.DataFrame(schema=SINCE)
        self._spill("since", since.lazy())
        texts = [f"CAST(p.{name} AS VARCHAR)" for name in there.names]
        self._run(sql.CHOSEN.format(texts="".join(f"{text}, " for text in texts)))
        # Different values give different texts: each begins with a sign, and ends with one that is in none.
        said = " || ".join(f"coalesce('+' || {text}, '-') || chr(31)" for text in texts)
        self._run(sql.WANTED.format(said=said or "''"))

    def compare(self, told: Path | None) -> None:
        """Tell apart what is new against what earlier files told, as `FileLedger.told` has it."""
        self._run(sql.TOLD.format(file=told) if told else sql.NOTHING_TOLD)
        self._run(sql.NEWS, everybody=self._activation.mode == "full", changes=self._files.changes)

    def counts(self) -> Counts:
        """How many rows the files have, and who is not in them."""
        active, exited, unchanged, shared = self._run(sql.COUNTS).fetchall()[0]
        without = dict(self._run(sql.WITHOUT_KEY).fetchall())
        lacking = {name: without.get(name, 0) for name in self._activation.audiences}
        return Counts(active, exited, unchanged, shared, lacking)

    def audiences(self, exits: bool) -> list[str]:
        """The audiences that have files: those of the activation, and those that were taken off it."""
        known = self._activation.audiences
        gone = [name for (name,) in self._run(sql.GONE).fetchall() if name not in known]
        return [*known, *(gone if exits else [])]

    def write(self, audience: str, exits: bool) -> list[tuple[Path, int]]:
        """Write an audience's files: who is in it, by key, then who left; each with its number of rows."""
        self._run(sql.ORDERED, audience=audience, exits=exits)
        total = int(self._run("SELECT count(*) FROM ordered").fetchall()[0][0])
        values = ", ".join(f'{name} AS "{header}"' for header, name in self._headers.items())
        options = OPTIONS[self._files.format].format(delimiter=self._files.delimiter)
        written: list[tuple[Path, int]] = []
        for start in range(0, max(total, 1), self._files.rows):
            end, path = min(start + self._files.rows, total), self._folder / f"part_{len(written)}"
            self._run(sql.PART.format(columns=values, start=start, end=end, file=path, options=options))
            written.append((path, end - start))
        return written

    def state(self) -> tuple[Path, Path]:
        """What there is to remember, as CSV: who left or changed (audience, key), and who came or changed
        (audience, key, person_id, payload_hash)."""
        left, came = self._folder / "left.csv", self._folder / "came.csv"
        self._run(sql.LEFT.format(file=left))
        self._run(sql.CAME.format(file=came))
        return left, came

    def _spill(self, name: str, rows: pl.LazyFrame) -> None:
        path = self._folder / f"{name}.parquet"
        rows.sink_parquet(path)
        self._run(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")

    def _run(self, query: str, **values: object) -> duckdb.DuckDBPyConnection:
        return self._database.execute(query, values or None)
