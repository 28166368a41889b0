"""Fixtures that many tests share. Nothing here imports Airflow: a unit test starts in a moment."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from spark_servers import missing, running_spark

from perennial.lake.spark.cluster import Cluster
from perennial.local import databases
from perennial.local.ports import free_ports
from perennial.local.postgres import Server

_numbers = count(1)

# A test that imports Airflow must find neither a person's configuration nor leave anything in their home.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="perennial-airflow-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)


@dataclass(frozen=True)
class Store:
    """A fresh store database: URLs for its owner and for the read-only role."""

    url: str
    reader_url: str


@pytest.fixture(scope="session")
def store_passwords() -> databases.Passwords:
    """Of the owner and the reader of every store in these tests."""
    return databases.Passwords(owner="owner-of-tests", reader="reader-of-tests")


@pytest.fixture(scope="session")
def postgres_server(store_passwords: databases.Passwords) -> Iterator[Server]:
    """An embedded PostgreSQL server with the product's roles, for the whole session."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-tests-"))
    # A root user's server runs as another account, which must get in.
    folder.chmod(0o755)
    server = Server(
        folder / "postgres", free_ports({"postgres": None})["postgres"], password="superuser-of-tests"
    )
    try:
        server.start()
        databases.prepare_roles(server.conninfo(), store_passwords)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def store(postgres_server: Server, store_passwords: databases.Passwords) -> Store:
    """A store of the module's own, prepared as the product does it: empty schemas, the reader's rights."""
    name = f"store_{next(_numbers)}"
    databases.prepare_store(postgres_server.conninfo(), name)
    return Store(
        url=postgres_server.url(databases.OWNER, store_passwords.owner, name),
        reader_url=postgres_server.url(databases.READER, store_passwords.reader, name),
    )


@pytest.fixture(scope="module")
def store_url(store: Store) -> str:
    """The owner's URL of `store`."""
    return store.url


@pytest.fixture(scope="module")
def store_reader_url(store: Store) -> str:
    """The read-only role's URL of `store`."""
    return store.reader_url


@pytest.fixture(scope="session", params=["sail", "java"])
def spark(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Spark Connect server for the whole session: each test runs on Sail, and on Apache Spark."""
    if reason := missing(request.param):
        pytest.skip(reason)
    with running_spark(request.param, tmp_path_factory.mktemp(request.param)) as url:
        yield Cluster(url)


@pytest.fixture(scope="session")
def sail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Sail alone, for what does not depend on the engine."""
    with running_spark("sail", tmp_path_factory.mktemp("sail")) as url:
        yield Cluster(url)
