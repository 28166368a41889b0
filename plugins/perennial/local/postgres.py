"""One embedded PostgreSQL server, from a data folder, a port of the loopback interface and a password.

The server outlives the process that starts it, and stops only on `stop()`.
"""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

from psycopg.conninfo import make_conninfo

from perennial.local import binaries
from perennial.local.errors import LocalError

SUPERUSER = "postgres"
LOOPBACK = "127.0.0.1"
# Read from the command line at every start, so that a change reaches servers that exist already.
OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "''",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
}


@dataclass(frozen=True)
class Server:
    """A PostgreSQL cluster in `data`; every user, the superuser too, logs in by password over TCP."""

    data: Path
    port: int
    password: str = field(repr=False)
    """The superuser's."""

    @property
    def log(self) -> Path:
        """What the server itself says."""
        return self.data / "server.log"

    def start(self) -> None:
        """Create the cluster if there is none; start it unless it runs; return when it accepts logins."""
        if not (self.data / "PG_VERSION").exists():
            self._create()
        if self.running():
            return
        settings = {**OPTIONS, "port": str(self.port)}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run(
            "pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data), "-l", str(self.log), "-o", options
        )

    def running(self) -> bool:
        """Whether the server of this data folder is up."""
        # The server's own file, left behind after an end by force, spares asking where none was started.
        started = (self.data / "postmaster.pid").exists()
        return started and self._run("pg_ctl", "status", "-D", str(self.data), check=False) == 0

    def stop(self) -> None:
        """Stop the server, breaking off its sessions; nothing happens if it doesn't run."""
        if self.running():
            self._run("pg_ctl", "stop", "-w", "-t", "60", "-m", "fast", "-D", str(self.data))

    def conninfo(self, database: str = SUPERUSER) -> str:
        """libpq's connection string for the superuser."""
        return make_conninfo(
            host=LOOPBACK,
            port=self.port,
            user=SUPERUSER,
            password=self.password,
            dbname=database,
            connect_timeout=10,
        )

    def url(self, user: str, password: str, database: str) -> str:
        """A connection URL for clients; passwords are of letters and digits, so nothing is quoted."""
        return f"postgresql://{user}:{password}@{LOOPBACK}:{self.port}/{database}"

    def _create(self) -> None:
        binaries.make_data_folder(self.data)
        password = self.data.with_name(self.data.name + ".password")
        password.touch(mode=0o600)
        password.write_text(self.password)
        binaries.hand_over(password)
        try:
            # The builtin locale sorts by code point, as Polars and DuckDB do, on every machine alike.
            self._run(
                *(
                    "initdb",
                    "-D",
                    str(self.data),
                    "-U",
                    SUPERUSER,
                    f"--pwfile={password}",
                    "-A",
                    "scram-sha-256",
                ),
                *("-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            )
        finally:
            password.unlink()

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        # The server inherits the standard streams of `pg_ctl start`: a pipe would never reach its end.
        with TemporaryFile("w+", encoding="utf-8") as output:
            result = subprocess.run(
                [str(binaries.programs() / program), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
                cwd="/", user=binaries.account(), env={"PATH": os.defpath, "LC_ALL": "C"},
            )  # fmt: skip
            output.seek(0)
            said = output.read().strip()
        if check and result.returncode:
            raise LocalError(
                f"PostgreSQL's {program} failed with code {result.returncode} in {self.data}:\n{said}\n"
                f"The server's own log, {self.log}:\n{_tail(self.log)}"
            )
        return result.returncode


def _tail(file: Path, characters: int = 1500) -> str:
    return file.read_text(errors="replace").strip()[-characters:] if file.exists() else "(none)"
