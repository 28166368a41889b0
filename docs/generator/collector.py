"""The collector's OpenAPI description in; its routes, answers and limits out."""

from pathlib import Path
from typing import Any

import yaml

import perennial.collector
from generator.markdown import code, page, prose, table

FILE = Path(perennial.collector.__file__).with_name("openapi.yaml")


def collector_page() -> str:
    """The page of the collector's API."""
    said = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    rows: dict[str, list[tuple[str, ...]]] = {tag["name"]: [] for tag in said["tags"]}
    for path, operations in said["paths"].items():
        for method, one in operations.items():
            if method in ("get", "post", "put", "patch", "delete"):
                asked = [
                    _found(each, said)
                    for each in [*operations.get("parameters", ()), *one.get("parameters", ())]
                ]
                rows[one["tags"][0]].append(
                    (
                        f"`{method.upper()} {path}`",
                        prose(f"{one['summary']}. {one.get('description', '')}"),
                        ", ".join(code(each["name"]) for each in asked if each["in"] != "path"),
                        "none" if one.get("security") == [] else "of a source",
                        ", ".join(map(str, one["responses"])),
                    )
                )
    answers = said["components"]["responses"]
    parts = []
    for tag in said["tags"]:
        parts += [f"## {tag['name'].capitalize()}", tag.get("description", "") and f"{tag['description']}."]
        parts.append(table(["Request", "Does", "Parameters", "Token", "Answers"], rows[tag["name"]]))
    return page(
        "The collector's API",
        f"{prose(said['info']['description'])} [collector.md](../collector.md) shows it with `curl`;"
        " `GET /openapi.json` of the collector is the complete description, with the bodies.",
        *parts,
        "## What answers mean",
        table(["Name", "Means"], [(name, prose(each["description"])) for name, each in answers.items()]),
    )


def _found(part: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: dict[str, Any] = said
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found
