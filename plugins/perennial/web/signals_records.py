"""A raw record in, its fields as texts out; changed texts in, the record put together again.

What nobody changed stays as it came, to the last digit: values that are not touched are copied, not read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from perennial.errors import TerminalError
from perennial.signals.dataset import Dataset

Kind = Literal["text", "number", "boolean", "null", "nested"]
_Fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class RecordRefused(TerminalError):
    """The changes do not fit the record."""


@dataclass(frozen=True)
class Field:
    """One field of a record; `text` is None for null, and JSON for what is nested."""

    text: str | None
    kind: Kind


def split(raw: str) -> dict[str, Field] | None:
    """The fields of a JSON object in their order; None if the record is something else."""
    try:
        return {name: _field(bytes(value)) for name, value in _Fields.decode(raw).items()}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def compose(raw: str, changes: Mapping[str, str | None], remove: Iterable[str] = ()) -> str:
    """The record with some fields changed or added, and others left out; None makes a field null.

    A number stays one where the new text is one, and so does a truth value; other texts become JSON strings.
    Raises `RecordRefused` where the record has no fields, or a nested field's text is not JSON.
    """
    fields = split(raw)
    if fields is None:
        raise RecordRefused(
            "This record is not a JSON object and has no fields: send the whole of it as raw."
        )
    values = _Fields.decode(raw)
    for name, text in changes.items():
        kind = fields[name].kind if name in fields else "text"
        values[name] = msgspec.Raw(_encoded(name, text, kind))
    for name in remove:
        values.pop(name, None)
    return msgspec.json.encode(values).decode()


def fields_of(dataset: Dataset) -> dict[str, str]:
    """The fields of records that the dataset's columns are made of, each with a column that needs it."""
    return {path[0]: column for column in dataset.columns for path in sorted(dataset.fields(column))}


def blamed(dataset: Dataset, reasons: Iterable[str], names: Iterable[str]) -> dict[str, list[str]]:
    """The reasons at the fields that they are about; those about none are at the empty name.

    :param names: the fields of the record; what a column is made of counts where the record has none of it
    """
    known = [*names]
    at: dict[str, list[str]] = {}
    for reason in reasons:
        about, colon, what = reason.partition(": ")
        made_of = {path[0] for path in dataset.fields(about)} if about in dataset.columns else {about}
        fields = [name for name in known if name in made_of]
        if not fields and about in dataset.columns:
            fields = sorted(made_of)
        for name in fields or [""]:
            at.setdefault(name, []).append(what if colon and name else reason)
    return at


def _field(value: bytes) -> Field:
    match value[:1]:
        case b'"':
            return Field(msgspec.json.decode(value, type=str), "text")
        case b"n":
            return Field(None, "null")
        case b"t" | b"f":
            return Field(value.decode(), "boolean")
        case b"{" | b"[":
            return Field(value.decode(), "nested")
        case _:
            return Field(value.decode(), "number")


def _encoded(name: str, text: str | None, kind: Kind) -> bytes:
    if text is None:
        return b"null"
    same = {"number": int | float, "boolean": bool, "nested": dict | list}.get(kind)
    if same is not None:
        try:
            msgspec.json.decode(text, type=same)
        except (msgspec.DecodeError, RecursionError):
            if kind == "nested":
                raise RecordRefused(f"{name} holds a list or an object: its text must be JSON") from None
        else:
            return text.strip().encode()
    return msgspec.json.encode(text)
