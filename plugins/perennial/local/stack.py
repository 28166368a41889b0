"""Starting and stopping a whole stack, and saying how it is."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import requests

from perennial.local import credentials, databases, state
from perennial.local.credentials import Credentials
from perennial.local.environment import airflow_url, process_environment
from perennial.local.errors import LocalError
from perennial.local.ports import LOOPBACK
from perennial.local.postgres import Server
from perennial.local.processes import Processes
from perennial.local.services import AIRFLOW, SERVICES
from perennial.local.state import State

READY_WITHIN = 180.0
"""Seconds until the processes must be up; a slow machine with a cold disk needs some."""
MIGRATED = "migrated"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """The stack of one state folder."""

    state: State
    secret: Credentials

    @classmethod
    def open(cls, folder: Path) -> "Stack":
        """The stack of that folder, made if need be; nothing is started."""
        return cls(state.find_or_create(folder), credentials.find_or_create(folder))

    @property
    def processes(self) -> Processes:
        """Those of the services."""
        return Processes(self.state.folder)

    @cached_property
    def server(self) -> Server:
        """The embedded PostgreSQL."""
        return Server(self.state.postgres, self.state.ports["postgres"], self.secret.postgres_password)

    def health(self) -> dict[str, str]:
        """For PostgreSQL and each service: `up`, `starting` or `down`."""
        report = self._airflow_health()
        found = {"postgres": "up" if self.server.running() else "down"}
        for service in SERVICES:
            if not self.processes.alive(service.name):
                found[service.name] = "down"
            elif service.health == "http":
                found[service.name] = "up" if self._answers(service.name) else "starting"
            else:
                found[service.name] = "up" if report.get(service.health) == "healthy" else "starting"
        return found

    def _airflow_health(self) -> dict[str, str]:
        with suppress(requests.RequestException, ValueError):
            report = requests.get(f"{airflow_url(self.state)}/api/v2/monitor/health", timeout=5).json()
            return {name: component.get("status") for name, component in report.items()}
        return {}

    def _answers(self, name: str) -> bool:
        with suppress(requests.RequestException):
            requests.get(f"http://{LOOPBACK}:{self.state.ports[name]}/", timeout=5)
            return True
        return False


def up(folder: Path, say: Say) -> Stack:
    """Start what does not run, and return when all of it is ready.

    Raises `LocalError`, with the end of the log, when a process ends or is not ready in time.
    """
    with state.exclusive(folder):
        stack = Stack.open(folder)
        health = stack.health()
        if set(health.values()) == {"down"}:
            stack = Stack(stack.state.renewed(), stack.secret)
        elif (wanted := state.wanted_include()) not in (None, stack.state.include):
            raise LocalError(
                f"{folder} runs with the documents of {stack.state.include}; `make down`, then start it "
                f"with those of {wanted}"
            )
        if set(health.values()) == {"up"}:
            return stack
        _start_databases(stack, say)
        env = process_environment(stack.state, stack.secret, os.environ)
        _migrate(stack, env, say)
        for service in SERVICES:
            if not stack.processes.alive(service.name):
                stack.processes.start(service.name, service.command, env)
        _await(stack, say)
    return stack


def down(folder: Path, say: Say) -> None:
    """Stop everything; raises `LocalError` if something is left."""
    with state.exclusive(folder):
        processes = Processes(folder)
        if found := len(processes.left()):
            say(f"Stopping {found} processes")
            killed = processes.stop()
            if killed:
                say(f"  {killed} of them would not end by themselves and were killed")
        if (known := state.find(folder)) is not None:
            Stack(known, credentials.find_or_create(folder)).server.stop()
        if left := processes.left():
            raise LocalError(
                f"These processes of {folder} would not end: {[process.pid for process in left]}"
            )
        say("Everything is stopped; the data stays in " + str(folder))


def _start_databases(stack: Stack, say: Say) -> None:
    if not stack.server.running():
        say("Starting PostgreSQL")
        stack.server.start()
    superuser = stack.server.conninfo()
    databases.prepare_roles(
        superuser, databases.Passwords(stack.secret.owner_password, stack.secret.reader_password)
    )
    databases.prepare_database(superuser, databases.AIRFLOW)
    databases.prepare_store(superuser)


def _migrate(stack: Stack, env: dict[str, str], say: Say) -> None:
    """Bring Airflow's tables to the installed version; the marker holds the last version that was done."""
    marker = stack.state.folder / MIGRATED
    wanted = version("apache-airflow")
    if marker.exists() and marker.read_text() == wanted:
        return
    say("Preparing Airflow's database")
    log = stack.processes.log("migrate")
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as output:
        done = subprocess.run(
            [*AIRFLOW, "db", "migrate"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode:
        raise LocalError(
            f"`airflow db migrate` failed with code {done.returncode}:\n{_tail(log)}\nAll of it: {log}"
        )
    marker.write_text(wanted)


def _await(stack: Stack, say: Say) -> None:
    say("Starting " + ", ".join(service.name for service in SERVICES))
    waiting = {service.name for service in SERVICES}
    deadline = time.monotonic() + READY_WITHIN
    while waiting:
        health = stack.health()
        for name in [name for name in health if name in waiting and health[name] == "up"]:
            waiting.remove(name)
            say(f"  {name} is ready")
        for name in waiting:
            log = stack.processes.log(name)
            if health[name] == "down":
                raise LocalError(f"The {name} ended while starting:\n{_tail(log)}\nAll of it: {log}")
            if time.monotonic() > deadline:
                raise LocalError(
                    f"The {name} is not ready after {READY_WITHIN:.0f} s:\n{_tail(log)}\nAll of it: {log}"
                )
        time.sleep(0.3)


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
