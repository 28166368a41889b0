"""The embedded server starts, stops, and keeps what was written; its data survives a restart."""

import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from perennial.local import binaries
from perennial.local.errors import LocalError
from perennial.local.ports import free_ports
from perennial.local.postgres import Server

pytestmark = pytest.mark.store


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the server's account can enter: pytest's own are closed to others."""
    folder, theirs = tmp_path_factory.mktemp("server"), Path(tempfile.gettempdir()).resolve()
    for parent in (folder, *folder.parents):
        if theirs in parent.parents:
            parent.chmod(parent.stat().st_mode | 0o011)
    return folder


def test_starts_twice_stops_and_keeps_its_data(folder: Path) -> None:
    server = Server(folder / "data", free_ports({"pg": None})["pg"], password="a-long-password")
    assert not server.running()
    server.start()
    try:
        server.start()
        with psycopg.connect(server.conninfo(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        server.stop()
        assert not server.running()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.conninfo())
        server.start()
        with psycopg.connect(server.conninfo()) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    finally:
        server.stop()
    server.stop()


def test_a_wrong_password_is_refused(postgres_server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(Server(postgres_server.data, postgres_server.port, "wrong").conninfo())


def test_text_sorts_by_code_point(postgres_server: Server) -> None:
    with psycopg.connect(postgres_server.conninfo()) as connection:
        rows = connection.execute(
            "SELECT v FROM (VALUES ('a'), ('B'), ('é'), ('Z')) AS t (v) ORDER BY v"
        ).fetchall()
    assert [row[0] for row in rows] == ["B", "Z", "a", "é"]


def test_a_taken_port_is_an_error_that_says_so(postgres_server: Server, folder: Path) -> None:
    with pytest.raises(LocalError, match="could not create any TCP/IP sockets"):
        Server(folder / "data", postgres_server.port, password="a-long-password").start()


def test_data_moves_where_the_servers_account_can_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "FALLBACK", tmp_path / "fallback")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(binaries, "account", lambda: None)
    assert binaries.data_folder(closed / "postgres") == closed / "postgres"
    monkeypatch.setattr(binaries, "account", lambda: "nobody")
    assert binaries.data_folder(closed / "postgres").is_relative_to(tmp_path / "fallback")


def test_programs_are_copied_where_the_servers_account_cannot_run_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "FALLBACK", tmp_path / "fallback")
    monkeypatch.setattr(binaries, "account", lambda: "nobody")
    monkeypatch.setattr(binaries, "reachable", lambda path: False)
    programs = binaries.programs()
    assert programs.is_relative_to(tmp_path / "fallback")
    assert (programs / "postgres").stat().st_mode & 0o777 == 0o755
    subprocess.run([programs / "initdb", "--version"], check=True, stdout=subprocess.DEVNULL)
    assert binaries.programs() == programs
