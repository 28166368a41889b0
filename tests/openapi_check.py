"""Checks HTTP exchanges against a provider's OpenAPI documents, requests and responses alike."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import yaml
from openapi_schema_validator import OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from perennial.documents import LOADER

SPECS = Path(os.environ.get("PERENNIAL_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "specs"
METHODS = {"get", "put", "post", "patch", "delete"}


def present(*names: str) -> list[Path]:
    """The documents, or none of them where one is missing."""
    paths = [SPECS / name for name in names]
    return paths if all(path.exists() for path in paths) else []


def require(*names: str) -> list[Path]:
    """The documents, or a skipped test where they are missing."""
    paths = [SPECS / name for name in names]
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        pytest.skip(f"the provider's OpenAPI documents are third-party files, not found here: {missing}")
    return paths


class OpenApi:
    """The operations of some documents, OpenAPI or Swagger, JSON or YAML."""

    def __init__(
        self, paths: list[Path], strict: bool = False, undocumented: tuple[str, ...] = (), base: str = ""
    ) -> None:
        """With `strict`, an exchange that is in none of the documents is an error.

        `undocumented` are patterns of paths that are known to be missing from them; `base` is what stands
        before the documents' paths, where they do not say it themselves.
        """
        self._operations: list[tuple[re.Pattern[str], str, dict[str, Any], str, list[Any]]] = []
        self._registry: Registry = Registry()
        self._strict, self._undocumented = strict, [re.compile(each) for each in undocumented]
        self.documents = [_read(path) for path in paths]
        for number, document in enumerate(self.documents):
            uri = f"urn:document:{number}"
            resource = Resource.from_contents(document, default_specification=DRAFT202012)
            self._registry = self._registry.with_resource(uri, resource)
            for template, operations in document["paths"].items():
                path = base + document.get("basePath", "").rstrip("/") + template
                pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$")
                shared = operations.get("parameters", [])
                for method, operation in operations.items():
                    if method in METHODS:
                        pointer = f"{uri}#/paths/{template.replace('~', '~0').replace('/', '~1')}/{method}"
                        self._operations.append((pattern, method.upper(), operation, pointer, shared))
        self.checked: set[str] = set()
        """The operations that were checked, as `METHOD operationId status`."""

    def check(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """A hook for `requests`: raises `AssertionError` where an exchange does not fit its operation."""
        request, url = response.request, urlsplit(str(response.request.url))
        found = [o for o in self._operations if o[0].match(url.path) and o[1] == request.method]
        if not found:
            known = any(each.fullmatch(url.path) for each in self._undocumented)
            assert known or not self._strict, f"{request.method} {url.path} is in none of the documents"
            return
        # A fixed path is documented apart from the pattern that matches it too.
        _pattern, method, operation, pointer, shared = min(found, key=lambda each: "[^/]+" in each[0].pattern)
        name = f"{method} {operation.get('operationId', operation.get('summary'))}"
        parameters = operation.get("parameters", [])
        if request.body and (schema := _request_schema(operation, parameters)):
            self._validate(f"{pointer}/{schema}", json.loads(request.body), f"{name} request")
        query = {p.get("name") for p in (*parameters, *shared) if p.get("in") == "query"}
        refs = any("$ref" in p for p in (*parameters, *shared))
        assert refs or dict(parse_qsl(url.query)).keys() <= query, f"{name}: unknown parameter in {url.query}"
        status = str(response.status_code)
        documented = operation["responses"].get(status, {})
        if response.status_code < 400:
            known = documented or "default" in operation["responses"]
            assert known, f"{name}: status {status} is not documented"
        if response.content and (schema := _answer_schema(documented)):
            self._validate(f"{pointer}/responses/{status}/{schema}", response.json(), f"{name} {status}")
        self.checked.add(f"{name} {status}")

    def _validate(self, pointer: str, value: Any, where: str) -> None:
        errors = list(OAS31Validator({"$ref": pointer}, registry=self._registry).iter_errors(value))
        assert not errors, f"{where}: " + "; ".join(f"{e.json_path}: {e.message[-200:]}" for e in errors[:5])


@cache
def _read(path: Path) -> dict[str, Any]:
    text = path.read_text()
    content = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=LOADER)
    found: dict[str, Any] = _with_nullable(content)
    return found


def _request_schema(operation: dict[str, Any], parameters: list[dict[str, Any]]) -> str | None:
    """Where the body's schema stands below an operation."""
    for number, parameter in enumerate(parameters):
        if parameter.get("in") == "body":
            return f"parameters/{number}/schema"
    content = operation.get("requestBody", {}).get("content", {})
    return f"requestBody/content/{_escaped(next(iter(content)))}/schema" if content else None


def _answer_schema(documented: dict[str, Any]) -> str | None:
    if documented.get("schema", {}).get("type") == "string":
        return None  # Such as lines, each a JSON of its own.
    if "schema" in documented:
        return "schema"
    for kind, content in documented.get("content", {}).items():
        if "json" in kind and "schema" in content:
            return f"content/{_escaped(kind)}/schema"
    return None


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _with_nullable(node: Any) -> Any:
    """`nullable`, which OpenAPI 3.1 dropped and the documents still use, in the words of JSON Schema."""
    if isinstance(node, dict):
        node = {key: _with_nullable(value) for key, value in node.items()}
        if node.pop("nullable", False) is True and isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
        return node
    return [_with_nullable(each) for each in node] if isinstance(node, list) else node
