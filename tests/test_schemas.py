"""Editors check documents against schemas that are those of the models, and every document names its own."""

import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from perennial.schemas import KINDS, schema
from perennial.settings import REPOSITORY

INCLUDE = REPOSITORY / "include"
DOCUMENTS = [file for kind in KINDS for file in sorted((INCLUDE / kind).glob("*.yaml"))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_are_current(kind):
    assert (INCLUDE / "schemas" / f"{kind}.json").read_text() == schema(kind), "run `make schemas`"


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_documents_name_their_schema_and_meet_it(file):
    text = file.read_text()
    assert text.startswith(f"# yaml-language-server: $schema=../schemas/{file.parent.name}.json\n")
    # YAML has dates, JSON has not.
    content = json.loads(json.dumps(yaml.safe_load(text), default=str))
    Draft202012Validator(json.loads(schema(file.parent.name))).validate(content)
