"""`python -m perennial.local` where there is no stack: it says so, and starts nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perennial.local.state import FOLDER_VARIABLE, INCLUDE_VARIABLE
from perennial.settings import REPOSITORY


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins"), FOLDER_VARIABLE: str(folder)}
    program = [sys.executable, "-m", "perennial.local", *arguments]
    return subprocess.run(program, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("verb", ["status", "url", "store-url", "env"])
def test_asking_for_a_stack_that_is_not_there(tmp_path: Path, verb: str) -> None:
    done = command(tmp_path / "none", verb)
    assert done.returncode == 1
    assert done.stderr == f"There is no stack in {tmp_path / 'none'} yet; `make demo` makes one\n"
    assert not (tmp_path / "none").exists()


def test_stopping_a_stack_that_is_not_there(tmp_path: Path) -> None:
    done = command(tmp_path / "none", "down")
    assert done.returncode == 0
    assert "Everything is stopped" in done.stdout


def test_an_unknown_verb_lists_the_known_ones(tmp_path: Path) -> None:
    done = command(tmp_path, "restart")
    assert done.returncode == 2
    assert "store-url" in done.stderr


def test_the_demo_has_documents_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "stack"
    monkeypatch.setenv(INCLUDE_VARIABLE, str(tmp_path / "shop"))
    done = command(folder, "demo")
    assert done.returncode == 1
    assert "of which the demo knows nothing" in done.stderr
    assert not folder.exists(), "nothing was started"
