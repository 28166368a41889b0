"""The house's rules: data flows to the right, and the domain knows neither Airflow nor the web."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.settings import REPOSITORY

PACKAGE = REPOSITORY / "plugins/perennial"
STORY = [
    "lake",
    "signals",
    "matching",
    "identity",
    "bots",
    "value",
    "profiles",
    "insights",
    "queries",
    "audiences",
    "activation",
    "campaigns",
    "responses",
    "alerts",
    "lineage",
]
EDGES = ["stages", "operators", "hooks", "triggers", "web", "collector", "local", "sandbox"]
STRANGERS = {"airflow", "fastapi", "starlette", "uvicorn", "jinja2"}
ALLOWED = {"campaigns": {"jinja2"}}
"""The templates of e-mails are documents of the domain, as those of pages are not."""


def imports(folder: str) -> Iterator[tuple[Path, str]]:
    """Every module that a package's files import, wherever in the file."""
    for file in sorted((PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield file, node.module


def test_the_story_has_all_packages():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(STORY) | set(EDGES)


@pytest.mark.parametrize("package", STORY)
def test_the_domain_is_pure(package):
    refused = STRANGERS - ALLOWED.get(package, set())
    strangers = [(str(file), name) for file, name in imports(package) if name.split(".")[0] in refused]
    assert strangers == []


@pytest.mark.parametrize("package", STORY)
def test_no_package_imports_one_to_its_right(package):
    to_the_right = {*STORY[STORY.index(package) + 1 :], *EDGES}
    wrong = [
        (str(file), name)
        for file, name in imports(package)
        if name.startswith("perennial.") and name.split(".")[1] in to_the_right
    ]
    assert wrong == []
