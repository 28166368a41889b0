"""Checks HTTP exchanges against an official OpenAPI document, requests and responses alike."""

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SPECS = Path(os.environ.get("PERENNIAL_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "specs"


def require(*names: str) -> list[Path]:
    """The documents, or a skipped test where they are missing."""
    paths = [SPECS / name for name in names]
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        pytest.skip(f"the provider's OpenAPI documents are third-party files, not found here: {missing}")
    return paths


class OpenApi:
    """The operations of some OpenAPI documents."""

    def __init__(self, paths: list[Path]) -> None:
        self._operations: list[tuple[re.Pattern[str], str, dict[str, Any], str]] = []
        self._registry: Registry = Registry()
        for number, path in enumerate(paths):
            document = _with_nullable(json.loads(path.read_text()))
            uri = f"urn:document:{number}"
            resource = Resource.from_contents(document, default_specification=DRAFT202012)
            self._registry = self._registry.with_resource(uri, resource)
            for template, operations in document["paths"].items():
                pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template) + "$")
                for method, operation in operations.items():
                    pointer = f"{uri}#/paths/{template.replace('~', '~0').replace('/', '~1')}/{method}"
                    self._operations.append((pattern, method.upper(), operation, pointer))
        self.checked: set[str] = set()
        """The operations that were checked, as `METHOD operationId status`."""

    def check(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """A hook for `requests`: raises `AssertionError` where an exchange does not fit its operation."""
        request, url = response.request, urlsplit(str(response.request.url))
        found = [o for o in self._operations if o[0].match(url.path) and o[1] == request.method]
        if not found:
            return
        # A fixed path is documented apart from the pattern that matches it too.
        _pattern, method, operation, pointer = min(found, key=lambda each: "[^/]+" in each[0].pattern)
        name = f"{method} {operation['operationId']}"
        if request.body:
            content = "requestBody/content/application~1json/schema"
            self._validate(f"{pointer}/{content}", json.loads(request.body), f"{name} request")
        known = {p.get("name") for p in operation.get("parameters", []) if p.get("in") == "query"}
        refs = any("$ref" in p for p in operation.get("parameters", []))
        assert refs or dict(parse_qsl(url.query)).keys() <= known, f"{name}: unknown parameter in {url.query}"
        status = str(response.status_code)
        documented = operation["responses"].get(status, {})
        if response.status_code < 400:
            assert documented, f"{name}: status {status} is not documented"
        if "content" in documented and response.content:
            content = f"responses/{status}/content/application~1json/schema"
            self._validate(f"{pointer}/{content}", response.json(), f"{name} {status}")
        self.checked.add(f"{name} {status}")

    def _validate(self, pointer: str, value: Any, where: str) -> None:
        errors = list(OAS31Validator({"$ref": pointer}, registry=self._registry).iter_errors(value))
        assert not errors, f"{where}: " + "; ".join(f"{e.json_path}: {e.message[-200:]}" for e in errors[:5])


def _with_nullable(node: Any) -> Any:
    """`nullable`, which OpenAPI 3.1 dropped and the documents still use, in the words of JSON Schema."""
    if isinstance(node, dict):
        node = {key: _with_nullable(value) for key, value in node.items()}
        if node.pop("nullable", False) is True and isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
        return node
    return [_with_nullable(each) for each in node] if isinstance(node, list) else node
