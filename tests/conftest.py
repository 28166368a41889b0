"""Fixtures that many tests share. Nothing here imports Airflow: a unit test starts in a moment."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from s3_server import S3, running_s3
from spark_servers import missing, running_spark
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from perennial.lake.spark.cluster import Cluster
from perennial.local import databases
from perennial.local.ports import free_ports
from perennial.local.postgres import Server

_numbers = count(1)

# A test that imports Airflow must find neither a person's configuration nor leave anything in their home.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="perennial-airflow-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

# How long an example takes depends on what else the machine does.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

LONGEST = ("e2e", "deploy", "stages", "web")
"""Folders whose tests take longest."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where two files are tested at a time (`make test`), the longest come first."""
    if hasattr(config, "workerinput"):
        folders = {item: item.path.relative_to(Path(__file__).parent).parts[0] for item in items}
        items.sort(key=lambda item: [*LONGEST, folders[item]].index(folders[item]))


class OneServer(LoadFileScheduling):
    """Files are tested wherever there is room, but those of `web` together: they ask one Airflow server."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/web" if nodeid.startswith("tests/web/") else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneServer:
    """How tests are divided where several files are tested at a time."""
    return OneServer(config, log)


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


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """A stand-in for S3, one for all tests."""
    with running_s3() as started:
        yield started


@pytest.fixture
def object_store(s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of an empty bucket; the environment says how to reach it."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"lake-{next(_numbers)}"
    s3_server.make(bucket)
    return f"s3://{bucket}"


@pytest.fixture
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a lake lies: in a folder, and where a test is marked `EVERYWHERE`, in an object store, too."""
    if getattr(request, "param", "folder") == "folder":
        return f"{tmp_path}/lake"
    return f"{request.getfixturevalue('object_store')}/lake"


@pytest.fixture(scope="session")
def pyspark() -> Iterator[None]:
    """In a process of pytest-xdist, PySpark would take itself for one of its doctests, and exit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "ps1", "", raising=False)
        yield


@pytest.fixture(scope="session")
def clusters(pyspark: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Cluster]]:
    """Gives a Spark Connect server by its name, `sail` or `java` (Apache Spark), one for all tests."""
    with ExitStack() as stack:

        @cache
        def cluster(engine: str) -> Cluster:
            if reason := missing(engine):
                pytest.skip(reason)
            return Cluster(stack.enter_context(running_spark(engine, tmp_path_factory.mktemp(engine))))

        yield cluster


@pytest.fixture(params=["sail", "java"])
def spark(request: pytest.FixtureRequest, clusters: Callable[[str], Cluster]) -> Cluster:
    """Each test runs on Sail, and on Apache Spark."""
    return clusters(request.param)


@pytest.fixture
def sail(clusters: Callable[[str], Cluster]) -> Cluster:
    """Sail alone, for what does not depend on the engine."""
    return clusters("sail")
