"""One JSON text in, the fields that are used and what is wrong with it out: the careful way."""

import json
import re
from typing import Any

import msgspec

from perennial.signals.reading.layout import Tree

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NULL = msgspec.Raw(b"null")
_NAME = re.compile(rb'[^\\]"\s*:')
_TEXT = msgspec.json.Decoder(str)
INVALID = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)


class NotAnObject(ValueError):
    """A text is no JSON, or no JSON object; says why without repeating it."""


class ObjectReader:
    """Reads objects of one dataset; `strict` says whether fields that are not used are a fault."""

    def __init__(self, fields: Tree, dataset: str, strict: bool) -> None:
        self._fields, self._dataset, self._strict = fields, dataset, strict

    def is_one(self, text: bytes) -> bool:
        """Whether a text is a JSON object at all."""
        try:
            _FIELDS.decode(text)
        except INVALID:
            return False
        return True

    def read(self, text: bytes) -> tuple[dict[str, Any], list[str]]:
        """The used fields, each as text exactly as it came, and what is wrong; raises `NotAnObject`."""
        if not text.lstrip().startswith(b"{"):
            raise NotAnObject("not a JSON object: each record is one, from { to }")
        reasons: list[str] = []
        try:
            found = _FIELDS.decode(text)
            values, names = self._object(found, self._fields, "", reasons)
            if names != len(_NAME.findall(text)):
                reasons += [f"{name}: comes more than once" for name in _twice(text)]
            return values, reasons
        except INVALID as error:
            raise NotAnObject(f"not valid JSON: {_without_text(error)}") from None

    def _object(
        self, found: dict[str, msgspec.Raw], fields: Tree, above: str, reasons: list[str]
    ) -> tuple[dict[str, Any], int]:
        """The values of an object, and how many names there are in it."""
        values: dict[str, Any] = {}
        names = len(found)
        for name, below in fields.items():
            raw = bytes(found.get(name, _NULL))
            if below is None or raw == b"null":
                values[name] = _value(raw)
            elif raw.startswith(b"{"):
                values[name], more = self._object(_FIELDS.decode(raw), below, f"{above}{name}.", reasons)
                names += more
            else:
                values[name] = None
                reasons.append(f"{above}{name}: not an object")
        if self._strict:
            unknown = [name for name, raw in found.items() if name not in fields and bytes(raw) != b"null"]
            reasons += [f"{above}{name:.60}: not a field of {self._dataset}" for name in unknown]
        return values, names


def _value(raw: bytes) -> str | None:
    if raw == b"null":
        return None
    return _TEXT.decode(raw) if raw.startswith(b'"') else raw.decode("utf-8")


def _twice(text: bytes) -> list[str]:
    """The names that come more than once in an object, at any level."""
    twice: set[str] = set()

    def look(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice.update(name for name in names if names.count(name) > 1)

    json.loads(text, object_pairs_hook=look)
    return sorted(f"{name:.60}" for name in twice)


def _without_text(error: Exception) -> str:
    """What is wrong and where, without anything of the text itself."""
    match error:
        case json.JSONDecodeError():
            return f"{error.msg} at character {error.pos + 1}"
        case UnicodeDecodeError():
            return "bytes that are no UTF-8"
        case RecursionError():
            return "too many levels"
    return str(error)
