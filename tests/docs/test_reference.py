"""The pages that are written from the code are those of this code, and say what everything is for."""

import re

import pytest
from generator.__main__ import FOLDER, pages
from generator.documents import FOLDERS
from generator.types import constraints, described

from perennial.schemas import KINDS

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_current(name):
    assert (FOLDER / name).read_text() == PAGES[name], "run `make reference`"


def test_every_kind_of_document_has_a_page():
    assert set(KINDS) <= {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_key_has_a_meaning(folder):
    tables = re.findall(
        r"^\| Key .*\n\|[ |-]+\n((?:\|.*\n?)+)", PAGES[f"documents/{folder.page}"], re.MULTILINE
    )
    rows = [line for table in tables for line in table.splitlines()]
    assert rows
    assert [row for row in rows if not re.search(r"[^| ] \|$", row)] == []


@pytest.mark.parametrize(
    ("schema", "kind", "limits"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9}, "whole number", "From 1 to 9."),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, "text", ""),
        ({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1}, "list of `a`, `b`", "Not empty."),
        ({"$ref": "#/$defs/Limits"}, "[Limits](#limits)", ""),
        ({"type": "string", "format": "date"}, "day", ""),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "mapping: name to number", ""),
    ],
)
def test_types_and_limits_read_as_words(schema, kind, limits):
    known: dict[str, dict] = {"Limits": {"properties": {}}}
    assert described(schema, known) == kind
    assert constraints(schema) == limits
