"""The least that must be done: a compiled loop over the columns, selections of borders, and the writing.

The loop knows the question by heart: dense arrays by customer, tier and band of time, bucket after bucket, in
two threads. Borders of ranks are selected among values that have the customer packed below them.
"""

import ctypes
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .events import METRICS, TIERS
from .question import ALL, AS_OF, BUCKETS, STARTS

COLUMNS = ["customer", "event_time", "tier", *METRICS]
EVERY = len(TIERS)
Part = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]
"""Customers, values by (column, customer), and by (lookback, customer) whether they are known."""


def compiled(folder: Path) -> str:
    """The library, built. Raises `FileNotFoundError` where there is no compiler."""
    if shutil.which("cc") is None:
        raise FileNotFoundError("no C compiler (cc) on this machine")
    target = folder / "floor.so"
    source = Path(__file__).with_name("floor.c")
    subprocess.run(["cc", "-O3", "-march=native", "-shared", "-fPIC", "-o", target, source], check=True)
    return str(target)


def floor(events: Path, out: Path, customers: int, library: str) -> dict[str, float]:
    """Answer the question; returns the seconds of its parts."""
    begun = perf_counter()
    loop = ctypes.CDLL(library)
    loop.cell_size.restype = ctypes.c_int64
    buckets = len(list(next(events.iterdir()).iterdir()))
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(partial(_bucket, loop, events, customers, buckets), range(buckets)))
        aggregated = perf_counter()
        ranking = 0.0
        for group in range(EVERY, -1, -1):
            since = perf_counter()
            frame = _ranked(loop, [part[group] for part in parts], customers, pool)
            for part in parts:
                part[group] = None  # type: ignore[call-overload]
            ranking += perf_counter() - since
            name = ALL if group == EVERY else TIERS[group]
            keys = [
                pl.lit("overall" if group == EVERY else "tier").alias("dimension"),
                pl.lit(name).alias("dimension_value"),
            ]
            frame.with_columns(keys).write_parquet(out / f"{name}.parquet", compression="lz4")
    whole = perf_counter() - begun
    aggregate = aggregated - begun
    return {"aggregate": aggregate, "rank": ranking, "write": whole - aggregate - ranking}


def _bucket(loop: Any, events: Path, customers: int, buckets: int, bucket: int) -> list[Part]:
    held = (customers - bucket + buckets - 1) // buckets
    cells = np.zeros(held * len(TIERS) * loop.cell_size(), np.uint8)
    ends = np.array([_micros(start) for start in list(STARTS.values())[:-1]])
    for month in sorted(events.iterdir()):
        file = month / f"{bucket:03}.parquet"
        table = pq.read_table(file, columns=COLUMNS, read_dictionary=["tier"], use_threads=False)
        for batch in table.combine_chunks().to_batches():
            tier = batch["tier"]
            codes = np.array([TIERS.index(name) for name in tier.dictionary.to_pylist()], np.int32)
            arrays = [
                batch[name].to_numpy(zero_copy_only=False).view(np.int64)
                for name in COLUMNS
                if name != "tier"
            ]
            who, when, *metrics = arrays
            loop.accumulate(
                ctypes.c_int64(len(who)), _at(who), ctypes.c_int64(buckets), _at(when),
                _at(codes[tier.indices.to_numpy()]), *map(_at, metrics), _at(ends),
                ctypes.c_int64(_micros(AS_OF)), _at(cells),
            )  # fmt: skip
    sizes = np.zeros(EVERY + 1, np.int64)
    loop.present(ctypes.c_int64(held), _at(cells), _at(sizes))
    return [
        _columns(loop, cells, held, buckets, bucket, group, int(size)) for group, size in enumerate(sizes)
    ]


def _columns(
    loop: Any, cells: np.ndarray, held: int, buckets: int, bucket: int, group: int, size: int
) -> Part:
    who = np.empty(size, np.int64)
    values = np.empty((len(STARTS) * len(METRICS), size), np.int64)
    known = np.empty((len(STARTS), size), np.uint8)
    loop.columns(
        ctypes.c_int64(held), ctypes.c_int64(buckets), ctypes.c_int64(bucket), _at(cells), group,
        ctypes.c_int64(size), _at(who), _at(values), _at(known),
    )  # fmt: skip
    return who, values, known


def _ranked(loop: Any, parts: list[Part], customers: int, pool: ThreadPoolExecutor) -> pl.DataFrame:
    who = np.concatenate([part[0] for part in parts])
    bits = int(customers).bit_length()
    backwards = (1 << bits) - 1 - who
    names = [f"{metric}_{lookback}" for lookback in STARTS for metric in METRICS]
    known = [np.concatenate([part[2][k] for part in parts]) for k in range(len(STARTS))]

    def column(k: int) -> list[pl.Series]:
        values = np.concatenate([part[1][k] for part in parts])
        here = known[k // len(METRICS)]
        packed = (values << bits) | backwards
        among = packed[here.view(bool)]
        # Sizes differ by at most one, and the first buckets take the surplus.
        small, surplus = divmod(len(among), BUCKETS)
        ends = np.cumsum([small + (rank < surplus) for rank in range(BUCKETS - 1)])
        places = np.unique(len(among) - ends[ends > 0])
        least = np.partition(among, places)[places][::-1].copy()
        ranks = np.empty(len(values), np.int16)
        loop.assign(ctypes.c_int64(len(values)), _at(packed), _at(here), _at(least), len(least), _at(ranks))
        return [
            pl.Series(names[k], values, nan_to_null=False).set(pl.Series(here == 0), None),
            pl.Series(f"{names[k]}_decile", ranks).set(pl.Series(here == 0), None),
        ]

    columns = [series for pair in pool.map(column, range(len(names))) for series in pair]
    return pl.DataFrame([pl.Series("customer", who), *columns])


def _micros(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
