"""A stack remembers its ports; two stacks share none; two commands on one stack take turns."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from perennial.local import state
from perennial.local.ports import LOOPBACK
from perennial.settings import REPOSITORY

HOLD = """
import sys
from pathlib import Path
from perennial.local.state import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_nothing_is_found_before_the_first_start(tmp_path: Path) -> None:
    assert state.find(tmp_path) is None


def test_it_is_remembered(tmp_path: Path) -> None:
    created = state.find_or_create(tmp_path / "stack")
    assert state.find_or_create(tmp_path / "stack") == created == state.find(tmp_path / "stack")
    assert set(created.ports) == set(state.WISHES)


def test_ports_are_kept_while_they_are_free(tmp_path: Path) -> None:
    created = state.find_or_create(tmp_path)
    assert created.renewed() == created
    with socket.create_server((LOOPBACK, created.ports["collector"])):
        renewed = created.renewed()
    assert renewed.ports["collector"] != created.ports["collector"]
    assert renewed.ports["postgres"] == created.ports["postgres"]
    assert state.find(tmp_path) == renewed


def test_documents_are_those_of_the_last_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(state.INCLUDE_VARIABLE, raising=False)
    created = state.find_or_create(tmp_path)
    assert created.include == REPOSITORY / "include"
    monkeypatch.setenv(state.INCLUDE_VARIABLE, str(tmp_path / "shop"))
    assert created.renewed().include == tmp_path / "shop"
    monkeypatch.delenv(state.INCLUDE_VARIABLE)
    again = state.find(tmp_path)
    assert again is not None
    assert again.renewed().include == tmp_path / "shop", "a person says it once"


def test_the_folder_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(state.FOLDER_VARIABLE, raising=False)
    assert state.default_folder() == REPOSITORY / ".perennial"
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(tmp_path / "elsewhere"))
    assert state.default_folder() == tmp_path / "elsewhere"


def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    env = {"PYTHONPATH": str(REPOSITORY / "plugins")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=env, text=True, **pipes) as first:  # type: ignore[call-overload]
        assert first.stdout.readline() == "held\n"
        with subprocess.Popen(command, env=env, text=True, **pipes) as second:  # type: ignore[call-overload]
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(timeout=0.5)
            first.stdin.close()
            assert second.stdout.readline() == "held\n"
            second.stdin.close()
