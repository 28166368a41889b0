"""SQL files that begin with a comment in YAML in; what the comments say, and the SQL, as documents, out."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from perennial.documents import LOADER, Document, DocumentError, explained

D = TypeVar("D", bound=Document)


def load_sql(path: Path, model: type[D], into: str = "sql") -> D:
    """Read one file: the keys of its comment, `name` (the file's), and the SQL under the key `into`.

    Raises `DocumentError`.
    """
    text = path.read_text(encoding="utf-8").strip()
    header, separator, sql = text.removeprefix("/*").partition("*/")
    if not text.startswith("/*") or not separator:
        raise DocumentError(f"{path}: expected a comment /* … */ at the top that says what it is, as YAML")
    try:
        values = yaml.load(header, Loader=LOADER)  # noqa: S506 - a safe one # nosec B506
    except yaml.YAMLError as error:
        raise DocumentError(f"{path}: the comment at the top is no YAML: {error}") from None
    if not isinstance(values, dict):
        raise DocumentError(f"{path}: expected keys and values in the comment at the top, such as title: …")
    try:
        return model.model_validate({"name": path.stem, **values, into: sql.strip()})
    except ValidationError as error:
        raise DocumentError(explained(path, error)) from None


def load_all_sql(folder: Path, model: type[D]) -> dict[str, D]:
    """Every `*.sql` of a folder, by name, in the order of their names."""
    return {path.stem: load_sql(path, model) for path in sorted(folder.glob("*.sql"))}
