"""What the code says of its constants and fields: the text that stands below each."""

import ast
from functools import cache
from importlib import import_module
from inspect import getsource
from itertools import pairwise
from types import ModuleType


@cache
def of_module(name: str) -> dict[str, str]:
    """Of each constant of a module that has one, by its name; each text as one line."""
    return _below(ast.parse(getsource(import_module(name))).body)


@cache
def of_class(kind: type) -> dict[str, str]:
    """Of each field of a class, its bases' included."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__.startswith("perennial."):
            found |= _classes(each.__module__).get(each.__name__, {})
    return found


def about(value: object, modules: list[ModuleType]) -> str:
    """What is said of a constant, wherever in these modules it stands."""
    for module in modules:
        for name, text in of_module(module.__name__).items():
            if getattr(module, name, None) is value:
                return text
    return ""


@cache
def _classes(module: str) -> dict[str, dict[str, str]]:
    tree = ast.parse(getsource(import_module(module)))
    return {node.name: _below(node.body) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _below(body: list[ast.stmt]) -> dict[str, str]:
    found = {}
    for statement, after in pairwise(body):
        target: ast.expr | None = None
        if isinstance(statement, ast.AnnAssign):
            target = statement.target
        elif isinstance(statement, ast.Assign):
            target = statement.targets[0]
        value = after.value if isinstance(after, ast.Expr) else None
        text = value.value if isinstance(value, ast.Constant) else None
        if isinstance(target, ast.Name) and isinstance(text, str):
            found[target.id] = " ".join(text.split())
    return found
