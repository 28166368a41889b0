"""A SQL file that begins with a comment in YAML in; what the comment says, and the SQL, out."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from perennial.documents import Document, DocumentError

D = TypeVar("D", bound=Document)


def load_sql(path: Path, model: type[D]) -> D:
    """Read one file: the keys of its comment, `name` (the file's), and `sql`. Raises `DocumentError`."""
    text = path.read_text(encoding="utf-8").strip()
    header, separator, sql = text.removeprefix("/*").partition("*/")
    if not text.startswith("/*") or not separator:
        raise DocumentError(f"{path}: expected a comment /* ... */ at the top that says what it is, as YAML")
    try:
        values: Any = yaml.safe_load(header)
    except yaml.YAMLError as error:
        raise DocumentError(f"{path}: the comment at the top is no YAML: {error}") from None
    if not isinstance(values, dict):
        raise DocumentError(f"{path}: expected keys and values in the comment at the top, such as title: ...")
    try:
        return model.model_validate({"name": path.stem, **values, "sql": sql.strip()})
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(map(str, each['loc'])) or '(top)'}: {each['msg']}" for each in error.errors()
        ]
        raise DocumentError("\n".join(lines)) from None


def load_all_sql(folder: Path, model: type[D]) -> dict[str, D]:
    """Every `*.sql` of a folder, by name, in the order of their names."""
    return {path.stem: load_sql(path, model) for path in sorted(folder.glob("*.sql"))}
