"""Quarantined rows in; what their pages show of them out: fields cut to a length, the faulty ones first."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from perennial.signals.dataset import Dataset
from perennial.web.signals_records import Field, blamed, fields_of, split

LENGTH = 60
"""Characters of a value that are shown in a table."""
FIELDS = 24
"""Fields of a record that are shown in a table."""
WHOLE = 300
"""Characters that are shown of a record without fields."""


@dataclass(frozen=True)
class ShownField:
    """A field of a record in a table; `new` is what a correction makes of it."""

    name: str
    text: str | None
    why: str
    changed: bool = False
    new: str | None = None


@dataclass(frozen=True)
class ShownRow:
    """A row of the quarantine's table."""

    row: dict[str, Any]
    file: str
    """The last part of the file's path."""
    fields: list[ShownField] | None
    """None where the record has no fields: then `raw` is shown, and `new` if it is corrected."""
    more: int
    raw: str
    new: str | None


def shown(row: dict[str, Any], dataset: Dataset) -> ShownRow:
    """A row as the table shows it."""
    before, after = split(row["raw"]), split(row["corrected"]) if row["corrected"] else None
    fields = None
    if before is not None and (after is not None or not row["corrected"]):
        fields = _fields(before, after, blamed(dataset, row["reasons"], before))
    return ShownRow(
        row=row,
        file=PurePosixPath(row["file"]).name,
        fields=fields[:FIELDS] if fields is not None else None,
        more=max(0, len(fields or ()) - FIELDS),
        raw=cut(row["raw"], WHOLE),
        new=cut(row["corrected"], WHOLE) if row["corrected"] else None,
    )


def editor_fields(row: dict[str, Any], dataset: Dataset) -> list[dict[str, Any]] | None:
    """The fields to edit, whole: those of the record as it is now, then those that it lacks; or None."""
    raw = row["corrected"] or row["raw"]
    if (now := split(raw)) is None:
        return None
    before = split(row["raw"]) or {}
    at = blamed(dataset, row["reasons"], now)
    about = fields_of(dataset)
    edited = []
    for name in {**now, **about}:
        column = dataset.columns[about[name]] if name in about else None
        edited.append(
            {
                "name": name,
                "text": now[name].text if name in now else None,
                "kind": now[name].kind if name in now else "absent",
                "came": name in before,
                "before": before[name].text if name in before else None,
                "reasons": at.get(name, []),
                "column": about.get(name, ""),
                "type": column.type if column else "",
                "required": bool(column and column.required),
                "description": column.description if column else "",
                "enum": list(column.enum or ()) if column else [],
            }
        )
    return edited


def cut(text: str | None, length: int = LENGTH) -> str:
    """A text that is not longer than that."""
    text = text or ""
    return text if len(text) <= length else text[: length - 1] + "…"


def _fields(
    before: dict[str, Field], after: dict[str, Field] | None, at: dict[str, list[str]]
) -> list[ShownField]:
    names = [*dict.fromkeys([*before, *(after or {}), *(name for name in at if name)])]
    fields = []
    for name in names:
        old, new = before.get(name), (after or before).get(name)
        text = None if old is None else old.text
        changed = after is not None and new != old
        fields.append(
            ShownField(
                name=name,
                text=None if text is None else cut(text),
                why="; ".join(at.get(name, [])),
                changed=changed,
                new=None if new is None or new.text is None else cut(new.text),
            )
        )
    return sorted(fields, key=lambda field: not (field.why or field.changed))
