"""Documents that people wrote for an earlier release are still understood.

`documents_before.zip` has the documents and their JSON Schemas (`include/`) as of commit 5f5bb84.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union
from zipfile import ZipFile

import pytest
import yaml
from pydantic import TypeAdapter

from perennial.schemas import KINDS, schema

BEFORE = Path(__file__).parent / "documents_before.zip"
EVERY = "[]"
"""In a path, each of a list, or of a mapping whose keys people choose."""


@pytest.fixture(scope="module")
def include(tmp_path_factory) -> Path:
    """The documents of the earlier release."""
    folder: Path = tmp_path_factory.mktemp("before")
    with ZipFile(BEFORE) as packed:
        packed.extractall(folder)
    return folder / "include"


def paths(part: dict[str, Any], root: dict[str, Any], at: str = "", above: tuple = ()) -> Iterator[str]:
    """Each place of a JSON Schema, and each value that it takes there: `rule.all[].operator=in`."""
    if reference := part.get("$ref"):
        if reference not in above:
            target = root["$defs"][reference.rsplit("/", 1)[1]]
            yield from paths(target, root, at, (*above, reference))
        return
    for value in [*part.get("enum", ()), *([part["const"]] if "const" in part else ())]:
        yield f"{at}={value}"
    if "type" in part:
        yield f"{at}:{part['type']}"
    for each in (*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())):
        yield from paths(each, root, at, above)
    for key, value in part.get("properties", {}).items():
        yield from paths(value, root, f"{at}.{key}", above)
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield from paths(part[key], root, at + EVERY, above)
    for each in part.get("prefixItems", ()):
        yield from paths(each, root, at + EVERY, above)


def understood(content: dict[str, Any]) -> set[str]:
    return {*paths(content, content)}


def test_documents_of_an_earlier_release_are_read(include):
    read = 0
    for kind, models in KINDS.items():
        union: Any = Union[models]  # noqa: UP007
        either = TypeAdapter(union)
        for path in (include / kind).glob("*.yaml"):
            either.validate_python({"name": path.stem, **yaml.safe_load(path.read_text())})
            read += 1
    assert read > 45


@pytest.mark.parametrize("kind", KINDS)
def test_keys_and_values_that_an_earlier_release_knew_are_still_known(include, kind):
    before = understood(json.loads((include / f"schemas/{kind}.json").read_text()))
    assert len(before) > 3
    assert before - understood(json.loads(schema(kind))) == set()


def test_a_key_that_is_renamed_is_seen(include):
    text = (include / "schemas/audiences.json").read_text()
    renamed = understood(json.loads(text.replace('"purpose"', '"motive"')))
    assert any(".purpose" in path for path in understood(json.loads(text)) - renamed)
