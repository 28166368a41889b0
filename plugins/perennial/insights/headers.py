"""A SQL file whose opening comment is YAML in; a typed document with the query out."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from perennial.documents import Document, DocumentError

D = TypeVar("D", bound=Document)
# Written in C where it can be: there are many headers.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_sql(path: Path, model: type[D]) -> D:
    """Read a file as `model`, with `name` (the file's) and `query`. Raises `DocumentError`."""
    text = path.read_text(encoding="utf-8").strip()
    header, separator, query = text.removeprefix("/*").partition("*/")
    if not text.startswith("/*") or not separator:
        raise DocumentError(f"{path}: expected a comment /* … */ at the top that says what it is")
    return _read(path, model, header, query=query.strip())


def load_yaml(path: Path, model: type[D]) -> dict[str, D]:
    """Read a file of documents by name. Raises `DocumentError`."""
    try:
        said: Any = yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506
        return {name: model.model_validate(each) for name, each in said.items()}
    except (yaml.YAMLError, ValidationError, AttributeError) as error:
        raise DocumentError(f"{path}: {error}") from error


def _read(path: Path, model: type[D], header: str, **more: str) -> D:
    try:
        said: Any = yaml.load(header, LOADER)  # noqa: S506
        if not isinstance(said, dict):
            raise DocumentError(f"{path}: expected keys and values in the comment, such as title: …")
        return model.model_validate({"name": path.stem, **said, **more})
    except (yaml.YAMLError, ValidationError) as error:
        raise DocumentError(f"{path}: {error}") from error
