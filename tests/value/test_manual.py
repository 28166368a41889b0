"""What the manual of customer value shows works, and it names every key and every function."""

import doctest
import re
from pathlib import Path

import pytest

from perennial.documents import load
from perennial.settings import REPOSITORY
from perennial.value.definition import KINDS, Dimension, Metric, ValueDefinition
from perennial.value.expressions import FUNCTIONS

FILE = REPOSITORY / "docs/customer_value.md"
MANUAL = FILE.read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The documents that the manual shows."""
    for name, text in re.findall(r"<!-- example: (\S+) -->\n```yaml\n(.*?)```", MANUAL, re.DOTALL):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_example_gives_what_stands_there(folder):
    outcome = doctest.testfile(str(FILE), module_relative=False, globs={"folder": folder})
    assert outcome.attempted > 20
    assert outcome.failed == 0


def test_the_complete_example_has_every_key_and_every_function(folder):
    document = load(folder / "orders.yaml", ValueDefinition)
    assert {metric.kind for metric in document.metrics.values()} == set(KINDS)
    assert {*ValueDefinition.model_fields} - {"kind", "name"} == document.model_fields_set - {"name"}


def test_every_key_and_every_function_is_explained():
    keys = {*ValueDefinition.model_fields, *Metric.model_fields, *Dimension.model_fields} - {"name"}
    assert [key for key in sorted(keys) if f"`{key}`" not in MANUAL] == []
    functions = re.findall(r"\w+\([^)]*\)", FUNCTIONS)
    assert len(functions) == 4
    assert [each for each in functions if f"| `{each}` |" not in MANUAL] == []
