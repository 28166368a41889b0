"""The threat model names a test for each of its lines: each is there."""

import ast
import re
from functools import cache

import pytest

from perennial.settings import REPOSITORY

MANUAL = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", MANUAL)))
LINES = [line for line in MANUAL.splitlines() if line.startswith(("| to ", "| into "))]


@cache
def _functions(path: str) -> set[str]:
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    assert not name or name in _functions(path)


def test_every_line_names_one() -> None:
    assert len(LINES) > 40
    assert [line for line in LINES if "`tests/" not in line] == []
