"""A filled store, and a real Airflow api-server over it: one of each for the whole session."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from web import example_lake, example_store
from web.airflow_server import AirflowServer
from web.browsing import launched, signed_in
from web.callers import Caller

from perennial.lake.catalog import Lake
from perennial.local import databases
from perennial.local.ports import free_ports
from perennial.local.postgres import Server
from perennial.settings import REPOSITORY
from perennial.web.dashboards import Dashboard, load_dashboards
from perennial.web.store import Store


@pytest.fixture(scope="session")
def dashboards() -> dict[str, Dashboard]:
    """The dashboards that the product brings."""
    return load_dashboards(REPOSITORY / "include")


def _reader_url(server: Server, passwords: databases.Passwords, name: str) -> str:
    databases.prepare_store(server.conninfo(), name)
    return server.url(databases.READER, passwords.reader, name)


@pytest.fixture(scope="session")
def filled_url(postgres_server: Server, store_passwords: databases.Passwords) -> str:
    """The reader's URL of a store that holds what `example_store` puts there."""
    reader = _reader_url(postgres_server, store_passwords, "web_filled")
    owner = postgres_server.url(databases.OWNER, store_passwords.owner, "web_filled")
    example_store.create(owner)
    example_store.fill(owner)
    return reader


@pytest.fixture(scope="session")
def filled(filled_url: str) -> Iterator[Store]:
    """The store of `filled_url`, as the app reads it."""
    store = Store(lambda: filled_url, timeout_s=5)
    yield store
    store.close()


@pytest.fixture(scope="session")
def bare(postgres_server: Server, store_passwords: databases.Passwords) -> Iterator[Store]:
    """A store in which nothing was computed yet."""
    url = _reader_url(postgres_server, store_passwords, "web_bare")
    store = Store(lambda: url, timeout_s=5)
    yield store
    store.close()


@pytest.fixture(scope="session")
def airflow(
    filled_url: str,
    postgres_server: Server,
    store_passwords: databases.Passwords,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[AirflowServer]:
    """Airflow's api-server with the plugin and the filled store."""
    home: Path = tmp_path_factory.mktemp("airflow")
    owner = postgres_server.url(databases.OWNER, store_passwords.owner, "web_filled")
    server = AirflowServer(home, free_ports({"api": None})["api"], filled_url, owner)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def filled_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `example_lake` puts there, to be copied and not changed."""
    folder: Path = tmp_path_factory.mktemp("example") / "lake"
    example_lake.fill(str(folder))
    return folder


@pytest.fixture
def lake(airflow: AirflowServer, filled_lake: Path) -> Lake:
    """The lake of `airflow`, as `example_lake` leaves it."""
    shutil.rmtree(airflow.lake, ignore_errors=True)
    shutil.copytree(filled_lake, airflow.lake)
    return Lake(str(airflow.lake))


@pytest.fixture
def admin(airflow: AirflowServer, lake: Lake) -> Caller:
    """Who may do everything, over a lake as `example_lake` leaves it."""
    return Caller(airflow, "admin")


@pytest.fixture
def editor(airflow: AirflowServer, lake: Lake) -> Caller:
    """Who may run Dags, and so define audiences and look people up, over the same lake."""
    return Caller(airflow, "ursel")


@pytest.fixture
def viewer(airflow: AirflowServer, lake: Lake) -> Caller:
    """Who may look, over the same lake."""
    return Caller(airflow, "vic")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with launched() as browser:
        yield browser


@pytest.fixture
def complaints() -> list[str]:
    """What the console said; a test asserts that it is empty."""
    return []


@pytest.fixture
def documents(airflow: AirflowServer) -> Path:
    """The audiences as the product brings them."""
    folder = airflow.include / "audiences"
    shutil.rmtree(folder)
    shutil.copytree(REPOSITORY / "include/audiences", folder)
    return folder


@pytest.fixture
def include(airflow: AirflowServer, documents: Path) -> Path:
    """The folder of all documents, with the audiences as the product brings them."""
    return airflow.include


@pytest.fixture
def page(
    browser: Browser,
    airflow: AirflowServer,
    lake: Lake,
    documents: Path,
    complaints: list[str],
    request: pytest.FixtureRequest,
) -> Iterator[Page]:
    """A page of a user in a theme, the test's parameter; of the admin in light if it has none."""
    user, theme = getattr(request, "param", ("admin", "light"))
    with signed_in(browser, airflow, user, theme, complaints) as page:
        page.set_viewport_size({"width": 1440, "height": 1000})
        yield page
