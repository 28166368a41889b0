"""A schema of the store's in; connections to it, opened when the first is asked for, out."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from perennial.store_schemas import migrate

UNREACHABLE = (PoolTimeout, psycopg.OperationalError)
"""What a store raises that does not answer."""
IDLE_S = 120
WAIT_S = 5
"""How long somebody waits for a connection."""


class StorePool:
    """Connections of the store's owner, for what the web keeps there.

    :param conninfo: called at the first use
    :param schema: the name of the schema
    :param tables: SQL that makes what is not there yet; it is run once for each process
    """

    def __init__(self, conninfo: Callable[[], str], schema: str, tables: str, most: int = 4) -> None:
        self._conninfo, self._schema, self._tables, self._most = conninfo, schema, tables, most
        self._pool: ConnectionPool | None = None
        self._opening = threading.Lock()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection, in a transaction of its own. Raises `UNREACHABLE`."""
        with self._opened().connection() as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back."""
        with self._opening:
            if self._pool is not None:
                self._pool.close()
                self._pool = None

    def _opened(self) -> ConnectionPool:
        with self._opening:
            if self._pool is None:
                pool = ConnectionPool(
                    self._conninfo(),
                    min_size=0,
                    max_size=self._most,
                    timeout=WAIT_S,
                    max_idle=IDLE_S,
                    kwargs={"application_name": f"perennial-{self._schema}", "connect_timeout": 3},
                    check=ConnectionPool.check_connection,
                    open=True,
                )
                try:
                    self._prepare(pool)
                except BaseException:
                    pool.close()
                    raise
                self._pool = pool
            return self._pool

    def _prepare(self, pool: ConnectionPool) -> None:
        with pool.connection() as connection:
            migrate(connection, self._schema, self._tables)
