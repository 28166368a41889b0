"""Reads `docker-compose.yaml` as Compose does: YAML with anchors, then variables put in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yaml"
EXAMPLE = ROOT / ".env.example"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}|(?P<escaped>\$\$)")


class MissingVariableError(KeyError):
    """A `${NAME:?message}` without a value."""


def parsed() -> dict[str, Any]:
    """The file with its anchors, before any variable is put in."""
    loaded = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """The same value with the variables put into every text in it."""
    if isinstance(value, dict):
        return {key: interpolated(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolated(each, variables) for each in value]
    return VARIABLE.sub(lambda found: _value(found, variables), value) if isinstance(value, str) else value


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found["escaped"]:
        return "$"
    if given := variables.get(found["name"]):
        return given
    if found["kind"] == "-":
        return found["rest"]
    raise MissingVariableError(found["name"])


def documented() -> dict[str, str]:
    """The variables of `.env.example`; those that are commented out too, with the value shown."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    found = (re.fullmatch(r"#?([A-Z_]+)=(.*)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}
