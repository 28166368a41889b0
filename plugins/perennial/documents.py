"""YAML documents in, typed models out; an error names the file, the path in it, and what was found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from perennial.errors import TerminalError


class Document(BaseModel):
    """Base of all documents: unknown keys are refused, values never change after reading.

    What stands below a key explains it, in the JSON Schema for editors and in the manual's reference.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # Pydantic would read the explanations with every import; the scheduler has no use for them.
        from perennial.docstrings import of_class

        found = handler(core)
        said = of_class(cls)
        properties = handler.resolve_ref_schema(found).get("properties", {})
        for name, field in cls.model_fields.items():
            if name in said:
                properties[field.alias or name].setdefault("description", said[name])
        return found


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("unknown time zone; expected a name such as Europe/Berlin or UTC") from None
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""The name of a time zone that is known here."""

D = TypeVar("D", bound=Document)
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads plain data only; the one in C, if it is there, takes a tenth of the time."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong, and where: `all[0].value`; an empty path is the whole rule."""

    path: str
    message: str


class DocumentError(TerminalError):
    """A document in `include/` cannot be understood."""


def load(path: Path, model: type[D], **context: Any) -> D:
    """Read one document; a model's `name` is the file's stem unless the file gives one."""
    content = _read(path)
    if "name" in model.model_fields:
        content.setdefault("name", path.stem)
    try:
        return model.model_validate(content, context=context)
    except ValidationError as error:
        raise DocumentError(explained(path, error)) from None


def load_all(folder: Path, model: type[D], **context: Any) -> dict[str, D]:
    """Read every `*.yaml` of a folder, by file stem, in the order of their names."""
    return {path.stem: load(path, model, **context) for path in sorted(folder.glob("*.yaml"))}


def load_each(paths: Iterable[Path], read: Callable[[Path], D]) -> dict[str, D | DocumentError]:
    """Read each of these files, by its stem; of one that cannot be read the error: the others go on."""
    found: dict[str, D | DocumentError] = {}
    for path in sorted(paths):
        try:
            found[path.stem] = read(path)
        except DocumentError as error:
            found[path.stem] = error
    return found


def load_kinds(folder: Path, kinds: Mapping[str, type[Document]], default: str) -> dict[str, Document]:
    """Read every `*.yaml` of a folder whose documents are of several kinds: their key `kind` says which.

    One without it is of the `default` kind.
    """
    return {path.stem: load_kind(path, kinds, default) for path in sorted(folder.glob("*.yaml"))}


def load_kind(path: Path, kinds: Mapping[str, type[D]], default: str) -> D:
    """Read one document of several kinds: its key `kind` says which; without it, it is the `default`."""
    kind = _read(path).get("kind", default)
    if kind not in kinds:
        raise DocumentError(f"{path}: kind: expected one of {', '.join(kinds)}; found {kind!r}")
    return load(path, kinds[kind])


def load_mapping(path: Path, model: type[D]) -> dict[str, D]:
    """Read a file that holds several small documents, by their names."""
    found = {}
    for name, content in _read(path).items():
        try:
            found[str(name)] = model.model_validate(content)
        except ValidationError as error:
            raise DocumentError(f"{name} in {explained(path, error)}") from None
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe one # nosec B506
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none"
        raise DocumentError(f"{path}: no such document; known in this folder: {known}") from None
    except yaml.YAMLError as error:
        raise DocumentError(f"{path}: not YAML: {error}") from error
    if not isinstance(content, dict):
        raise DocumentError(f"{path}: expected a mapping at the top, found {type(content).__name__}")
    return content


def explained(path: Path, error: ValidationError) -> str:
    """What is wrong with a document, and where, a line for each mistake."""
    lines = []
    for issue in error.errors():
        where = ".".join(str(part) for part in issue["loc"]) or "(top)"
        found = "" if issue["type"] in ("missing", "extra_forbidden") else f"; found {issue['input']!r:.100}"
        lines.append(f"{path}: {where}: {issue['msg']}{found}")
    return "\n".join(lines)
