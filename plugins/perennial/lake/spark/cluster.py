"""A URL in, a Spark session of one's own out, set so that it computes and writes what Polars would.

`sc://host:port/;token=...` is Spark Connect, for which the client in our environment is enough. `local[2]` or
`spark://host:7077` start Spark's driver in this very process, which takes a full PySpark, and Java.
"""

import logging
import re
import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from perennial.errors import PerennialError, TerminalError, TransientError
from perennial.lake.tables import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PORT = 15002
"""Where Spark Connect listens unless the URL says otherwise."""
PATIENCE = 10.0
"""Seconds until a server must take a connection; Spark's client alone would try for many minutes."""
ATTEMPTS = 4
"""To begin a session: about five seconds."""
SETTINGS = {
    # Midnights, and texts that become times, are in UTC, as everywhere else.
    "spark.sql.session.timeZone": "UTC",
    # A sum that is too large fails; it never becomes another number.
    "spark.sql.ansi.enabled": "true",
    # By default times are written in a type that the lake does not have.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
WRONG_QUERY = {
    "AnalysisException",
    "ArithmeticException",
    "DateTimeException",
    "NumberFormatException",
    "PySparkTypeError",
    "PySparkValueError",
    "UnsupportedOperationException",
}
"""Errors that come again with the same data, by the names of their classes."""
REFUSALS = {"UNAUTHENTICATED", "PERMISSION_DENIED"}
STATUS, DETAILS = re.compile(r"StatusCode\.(\w+)"), re.compile(r'details = "(.*?)"$', re.MULTILINE)
"""Where errors of the connection say what they are."""
PREVIEW = 200
"""Characters of a message of Spark's that ours repeats: it may quote values."""


class SparkError(TerminalError):
    """Spark cannot do what was asked for, now or later."""


class SparkUnavailable(TransientError):
    """Spark cannot be reached, or gave up; the same may succeed later."""


@dataclass(frozen=True)
class Cluster:
    """A Spark to compute on."""

    url: str = field(repr=False)
    """It may hold a token."""
    lake: str | None = None
    """The lake's root, as Spark has to name it; None where it is the same place by the same name."""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The URL without its secrets."""
        return self.url.partition("/;")[0].partition(";")[0]

    @property
    def _is_remote(self) -> bool:
        return self.url.startswith("sc://")

    def path(self, table: Table) -> str:
        """Where Spark finds a table of the lake."""
        root = self.lake or seen(table.root)
        return f"{root.rstrip('/')}/{table.name}"

    @contextmanager
    def session(self) -> Iterator["SparkSession"]:
        """A session that nobody else uses, ended at the end.

        Raises `SparkUnavailable` where there is no such server now or the work was broken off, and
        `SparkError` where the URL or the query is wrong.
        """
        # Spark logs every error a second time, with the server's stack and whatever values it quotes.
        logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
        opened = self._open()
        try:
            with self._explained():
                self._prepare(opened)
                yield opened
        finally:
            opened.stop()

    def _open(self) -> "SparkSession":
        if self._is_remote:
            self._reach()
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
                from pyspark.sql.connect.session import SparkSession as Connected

                with self._explained():
                    return cast("SparkSession", Connected.builder.remote(self.url).create())
        if not self.url.startswith(("local", "spark://", "k8s://", "yarn")):
            raise SparkError(
                f"{self.place}: expected a Spark Connect URL such as sc://host:{PORT}, or that of a session "
                "such as local[2] or spark://host:7077"
            )
        from pyspark.util import is_remote_only

        if is_remote_only():
            raise SparkError(
                f"{self.place}: a session in this process takes a full PySpark and Java, and only the client "
                f"of Spark Connect is installed; give a URL such as sc://host:{PORT}, or install pyspark in "
                "place of pyspark-client"
            )
        from pyspark.sql import SparkSession

        # How much its executors take has to be known before there are any.
        builder = SparkSession.builder.master(self.url).appName("perennial")
        for name, value in self._settings.items():
            builder = builder.config(name, value)
        with self._explained():
            return builder.getOrCreate()

    @property
    def _settings(self) -> dict[str, str]:
        return {**self.settings, **SETTINGS}

    def _prepare(self, opened: "SparkSession") -> None:
        if not self._is_remote:
            return
        from pyspark.sql.connect.client.retries import DefaultPolicy

        # What cannot work is seldom told apart from what cannot work yet: at the start, no patience.
        opened.client.set_retry_policies([DefaultPolicy(max_retries=ATTEMPTS)])
        for name, value in self._settings.items():
            opened.conf.set(name, value)
        opened.client.set_retry_policies([DefaultPolicy()])

    def _reach(self) -> None:
        try:
            parts = urlsplit(self.place)
            host, port = parts.hostname or "", parts.port or PORT
        except ValueError as error:
            raise SparkError(f"{self.place}: {error}; expected sc://host:{PORT}") from None
        try:
            socket.create_connection((host, port), timeout=PATIENCE).close()
        except OSError as error:
            raise SparkUnavailable(f"no Spark Connect server answers at {host}:{port}: {error}") from None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from pyspark.errors import PySparkException

        try:
            yield
        except PySparkException as error:
            raise self._error(error) from None

    def _error(self, error: Any) -> PerennialError:
        text = str(error).strip() or type(error).__name__
        status, details = (found[1] if (found := each.search(text)) else "" for each in (STATUS, DETAILS))
        reason = f"{status} {details or text.splitlines()[0]}".strip()
        told = f"Spark at {self.place}: {reason[:PREVIEW]}"
        names = {kind.__name__ for kind in type(error).__mro__}
        if status in REFUSALS or names & WRONG_QUERY:
            return SparkError(told)
        return SparkUnavailable(f"{told}; trying again may help")


def seen(root: str) -> str:
    """The lake's root as Spark names it, where both see the same folders or the same object store."""
    if "://" not in root:
        return f"file://{Path(root).absolute()}"
    # Hadoop's client for S3 has a scheme of its own.
    return f"s3a://{root.removeprefix('s3://')}" if root.startswith("s3://") else root
