"""Runs the services of `docker-compose.yaml` as processes of this machine.

Commands, environments and health checks are those of the file. Only what a container would provide is put in
its place: hosts become the loopback interface, ports free ones, and the image's folders the checkout's.
"""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import compose_file

from perennial.local import proc
from perennial.local.environment import STACK_VARIABLE
from perennial.local.ports import LOOPBACK, free_ports
from perennial.local.postgres import Server
from perennial.local.processes import Processes

PORTS = ("5432", "6379", "8080", "8974", "8793", "8794", "8026")
"""Those that services of the file listen on."""
INHERITED = ("HOME", "LANG", "TMPDIR")
ONE_SHOT = "init"
EMBEDDED = "postgres"
"""Its image is PostgreSQL's own; the server from the wheel stands in for it."""


@dataclass(frozen=True)
class Deployment:
    """The services of the file, placed on this machine below `folder`."""

    folder: Path
    services: Mapping[str, Mapping[str, Any]]
    ports: Mapping[str, int]
    """By the port that the file says."""

    @classmethod
    def place(cls, folder: Path, variables: Mapping[str, str]) -> "Deployment":
        """Fill the variables in and choose the ports; nothing is started."""
        services = compose_file.interpolated(compose_file.parsed(), variables)["services"]
        return cls(folder, services, free_ports(dict.fromkeys(PORTS)))

    @property
    def lasting(self) -> list[str]:
        """The services that stay up as processes of ours."""
        return [name for name in self.services if name not in (ONE_SHOT, EMBEDDED)]

    @property
    def processes(self) -> Processes:
        """Those that were started."""
        return Processes(self.folder)

    def run(self, name: str) -> None:
        """Run a one-shot service to its end."""
        log = self.processes.log(name)
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as output:
            result = subprocess.run(
                self.command(name),
                env=self.environment(name),
                cwd=compose_file.ROOT,
                stdout=output,
                stderr=output,
            )
        assert result.returncode == 0, f"{name} failed:\n{self.tail(name)}"

    def start(self, name: str) -> None:
        """Start a lasting service."""
        # The image's working directory is the checkout; the shell makes it so, and becomes the service.
        command = f"cd {shlex.quote(str(compose_file.ROOT))} && exec {shlex.join(self.command(name))}"
        self.processes.start(name, ["sh", "-c", command], self.environment(name))

    def end(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a service as Docker does; when its first process has ended, nothing of it is left.

        SIGKILL ends all of its processes at once, as where the machine or its memory gives out.
        """
        record = self.processes.records()[name]
        if number == signal.SIGKILL:
            self._kill(name)
        with suppress(ProcessLookupError):
            os.kill(record.pid, number)
        deadline = time.monotonic() + 60
        while record.alive and time.monotonic() < deadline:
            time.sleep(0.05)
        self._kill(name)

    def _kill(self, name: str) -> None:
        record = self.processes.records()[name]
        for process in [each for each in proc.living() if record.leads(each)]:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def await_healthy(self, name: str, seconds: float) -> None:
        """Until the service's own health check succeeds."""
        check = self._placed(self.services[name]["healthcheck"]["test"])
        deadline = time.monotonic() + seconds
        while True:
            assert self.processes.alive(name), f"{name} has ended:\n{self.tail(name)}"
            result = subprocess.run(
                ["sh", "-c", check],
                env=self.environment(name),
                cwd=compose_file.ROOT,
                capture_output=True,
                text=True,
            )
            if result.returncode == 0:
                return
            said = result.stderr[-500:]
            assert time.monotonic() < deadline, f"{name} is not healthy: {said}\n{self.tail(name)}"
            time.sleep(0.5)

    def command(self, name: str) -> list[str]:
        """What the service runs."""
        return shlex.split(self._placed(self.services[name]["command"]))

    def environment(self, name: str) -> dict[str, str]:
        """What the service sees; of ours, only what a program cannot do without."""
        given = {key: self._placed(value) for key, value in self.services[name]["environment"].items()}
        if "PGHOST" in given:
            given["PGHOST"] = LOOPBACK
        return {
            **{key: os.environ[key] for key in INHERITED if key in os.environ},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOSTNAME": socket.gethostname(),
            STACK_VARIABLE: str(self.folder),
            **given,
        }

    def tail(self, name: str) -> str:
        """The end of what the service printed."""
        return self.processes.log(name).read_text(errors="replace")[-3000:]

    def _placed(self, text: str) -> str:
        text = re.sub(r"(?<=[/@])(postgres|redis|api-server|localhost)(?=:\d)", LOOPBACK, text)
        text = text.replace('"host": "postgres"', f'"host": "{LOOPBACK}"')
        text = re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: str(self.ports[found[0]]), text)
        text = re.sub(r"/opt/perennial/(dags|airflow)\b", rf"{self.folder}/\1", text)
        text = text.replace("/opt/perennial", str(compose_file.ROOT))
        return re.sub(r"(?<![\w/])/data\b", f"{self.folder}/data", text)


@contextmanager
def restarted(deployment: Deployment, names: Iterable[str], held: set[str]) -> Iterator[list[str]]:
    """Starts services again that have ended, as `restart: unless-stopped` does; not those that are `held`.

    Gives the names of those that it has started again.
    """
    again: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(1):
            for name in names:
                if name not in held and not deployment.processes.alive(name):
                    deployment._kill(name)
                    deployment.start(name)
                    again.append(name)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield again
    finally:
        stop.set()
        watching.join()


@contextmanager
def running(
    folder: Path, variables: Mapping[str, str], seconds: float
) -> Iterator[tuple[Deployment, Server]]:
    """All services and their PostgreSQL, up and healthy within so many seconds each, until the block ends."""
    placed = Deployment.place(folder, variables)
    server = Server(folder / "postgres", placed.ports["5432"], variables["POSTGRES_PASSWORD"])
    try:
        server.start()
        try:
            placed.run(ONE_SHOT)
            for name in placed.lasting:
                placed.start(name)
            for name in placed.lasting:
                placed.await_healthy(name, seconds=seconds)
            yield placed, server
        finally:
            placed.processes.stop()
    finally:
        server.stop()
