"""Services outlive their starter, and stop together with everything that they started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perennial.local import proc
from perennial.local.environment import STACK_VARIABLE
from perennial.local.processes import Processes, Record

# A service with a child in another process group, as tasks are, and one in another session; prints all three.
FAMILY = """
import os, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
task = subprocess.Popen(sleep, process_group=0, env={})
orphan = subprocess.Popen(sleep, start_new_session=True)
print(os.getpid(), task.pid, orphan.pid, flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    yield processes
    processes.stop(patience=2)


def start(processes: Processes, name: str, program: str) -> str:
    """Start it; returns the first line that it prints."""
    env = {**os.environ, STACK_VARIABLE: str(processes.folder)}
    processes.start(name, [sys.executable, "-c", program], env)
    return until(lambda: processes.log(name).read_text()).splitlines()[0]


def until(value: Callable[[], str]) -> str:
    deadline = time.monotonic() + 20
    while not (found := value()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def lives(pid: int) -> bool:
    process = proc.read(pid)
    return process is not None and process.state != "Z"


def test_stopping_ends_the_whole_family(processes: Processes) -> None:
    family = [int(pid) for pid in start(processes, "family", FAMILY).split()]
    assert processes.alive("family")
    assert {process.pid for process in processes.left()} == set(family)
    assert processes.stop() == 0
    assert not any(lives(pid) for pid in family)
    assert not processes.alive("family")


def test_orphans_are_found_when_the_service_is_gone(processes: Processes) -> None:
    service, task, orphan = (int(pid) for pid in start(processes, "family", FAMILY).split())
    os.kill(service, signal.SIGKILL)
    until(lambda: "" if processes.alive("family") else "gone")
    assert {process.pid for process in processes.left()} == {task, orphan}
    processes.stop()
    assert not lives(task)
    assert not lives(orphan)


def test_what_will_not_end_is_killed(processes: Processes) -> None:
    start(processes, "stubborn", STUBBORN)
    assert processes.stop(patience=0.5) == 1
    assert processes.left() == []


def test_another_stacks_processes_are_left_alone(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Processes(tmp_path / "other")
    try:
        start(other, "stubborn", STUBBORN)
        assert processes.stop() == 0
        assert other.alive("stubborn")
    finally:
        other.stop(patience=0.2)


def test_a_shell_that_carries_the_mark_is_spared_if_it_runs_the_command(processes: Processes) -> None:
    """The command that stops a stack is never its own victim, and its callers aren't either."""
    program = (
        "import sys; from pathlib import Path; from perennial.local.processes import Processes;"
        "print(Processes(Path(sys.argv[1])).stop())"
    )
    env = {**os.environ, STACK_VARIABLE: str(processes.folder), "PYTHONPATH": "plugins"}
    command = [sys.executable, "-c", program, str(processes.folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout == "0\n"


def test_a_number_taken_over_by_another_process_is_not_the_service() -> None:
    myself = proc.read(os.getpid())
    assert myself is not None
    assert Record(myself.pid, myself.started, proc.boot()).alive
    assert not Record(myself.pid, myself.started - 1, proc.boot()).alive
    assert not Record(myself.pid, myself.started, "before-the-restart").alive
    session = proc.read(myself.session) or myself
    assert not Record(session.pid, session.started - 1, proc.boot()).leads(myself)
