"""The engines that definitions of value run on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

from perennial.lake.spark.cluster import Cluster
from perennial.lake.spark.types import ddl


@dataclass(frozen=True)
class Engine:
    """Polars, or a session of Spark."""

    session: Any = None

    def frame(self, rows: pl.DataFrame) -> Any:
        """The rows, as a frame of the engine."""
        if self.session is None:
            return rows.lazy()
        # Of nothing, Spark does not see the types.
        return self.session.createDataFrame(rows.to_arrow() if rows.height else [], ddl(rows.schema))

    def rows(self, frame: Any) -> pl.DataFrame:
        """What a frame of the engine comes to."""
        return frame.collect() if self.session is None else pl.DataFrame(frame.toArrow())


@pytest.fixture(scope="module", params=["polars", "sail", "java"])
def engine(request: pytest.FixtureRequest, clusters: Callable[[str], Cluster]) -> Iterator[Engine]:
    """Each test runs on Polars, on Sail, and on Apache Spark."""
    if request.param == "polars":
        yield Engine()
    else:
        with clusters(request.param).session() as session:
            yield Engine(session)
