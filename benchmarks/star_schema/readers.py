"""A store and the library of KPIs in; how long each took, asked by many at the same time, out.

Every reader is a process of its own, so that none waits for another's Python.
"""

import multiprocessing
import random
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

import psycopg

from perennial.insights.kpi import load_kpis
from perennial.settings import REPOSITORY
from perennial.web.parameters import parameters_of, to_placeholders

from .size import DESTINATIONS, NAMESPACES, Size

Milliseconds = dict[str, list[float]]
"""Of every answer, by KPI."""
WARM = 0.15
"""The part of the time whose answers do not count."""


def asked(url: str, size: Size, readers: int, seconds: float) -> Milliseconds:
    """Each reader asks for one KPI after the other, as fast as it is answered.

    Run it in a process of its own: it is forked, so that readers begin at once.
    """
    context = multiprocessing.get_context("fork")
    answers, together = context.Queue(), context.Barrier(readers)
    arguments = (answers, together, url, size, seconds)
    processes = [context.Process(target=_read, args=(number, *arguments)) for number in range(readers)]
    for process in processes:
        process.start()
    found: Milliseconds = defaultdict(list)
    for answer in [answers.get() for _ in processes]:
        if isinstance(answer, BaseException):
            raise answer
        for name, times in answer.items():
            found[name] += times
    for process in processes:
        process.join()
    return dict(found)


def _read(number: int, answers: Any, together: Barrier, url: str, size: Size, seconds: float) -> None:
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            answers.put(_times(connection, size, random.Random(number), together, seconds))
    except BaseException as error:
        together.abort()
        answers.put(error)


def _times(
    connection: psycopg.Connection, size: Size, chosen: random.Random, together: Barrier, seconds: float
) -> Milliseconds:
    kpis = load_kpis(REPOSITORY / "include/sql/kpi")
    queries = {
        name: (to_placeholders(kpi.query).encode(), parameters_of(kpi.query)) for name, kpi in kpis.items()
    }
    found: Milliseconds = {name: [] for name in queries}
    together.wait()
    begun = time.perf_counter()
    while time.perf_counter() < begun + seconds:
        for name in chosen.sample([*queries], len(queries)):
            query, names = queries[name]
            given = parameters(size, chosen)
            start = time.perf_counter()
            connection.execute(query, {key: given[key] for key in names}).fetchall()
            if start > begun + WARM * seconds:
                found[name].append(1000 * (time.perf_counter() - start))
    return found


def parameters(size: Size, chosen: random.Random) -> Mapping[str, str]:
    """What a reader picks: any audience, window and destination; the latest day."""
    window = timedelta(days=chosen.choice([30, 90, 365]))
    return {
        "merge_policy": "",
        "day": "9999-12-31",
        "from_day": str(size.last - window),
        "audience": f"a{chosen.randrange(size.audiences)}",
        "other_audience": f"a{chosen.randrange(size.audiences)}",
        "namespace": chosen.choice(NAMESPACES),
        "other_namespace": chosen.choice(NAMESPACES),
        "destination": f"d{chosen.randrange(DESTINATIONS)}",
        "other_destination": f"d{chosen.randrange(DESTINATIONS)}",
        "model": "lifetime/p_alive",
    }
