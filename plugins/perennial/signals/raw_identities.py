"""Raw records as they came in; which of them are about a person, known by fingerprints, out.

A record that can be split into fields is about whom the fields of its identities name. One that cannot is
searched word by word; a short value such as a number may stand in it by chance, and decides nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from perennial.phones import e164
from perennial.signals.dataset import Dataset
from perennial.signals.erased import EMAIL

LONG = 8
"""From so many characters on, or with an @, a value in a broken record is no accident."""
WORDS = re.compile(r"[^\s,;:!?|\"'<>(){}\[\]=]+")
Fields = Mapping[str, set[tuple[str, ...]]]
"""By namespace, where in a record its values stand."""


@dataclass(frozen=True)
class RawSearch:
    """Finds the raw records of one person in one dataset."""

    fields: Fields
    wanted: Mapping[str, frozenset[str]]
    """By namespace, the fingerprints of the person's identities."""
    phones: Mapping[str, str] = field(default_factory=dict)
    """Of the namespaces of phone numbers, the region whose numbers need no country's code, or ""."""

    def matches(self, raw: str | None) -> bool:
        """Whether the record is about the person."""
        fields, words = _split(raw or "")
        for path, value in fields:
            for namespace, places in self.fields.items():
                if (path in places or path[-1:] in places) and self._is(value, namespace):
                    return True
            # An address names its owner wherever it stands.
            words += [word for word in _words(value) if "@" in word]
        return any(self._is(word, namespace) for word in words for namespace in self._telling(word))

    def is_open(self, raw: str | None) -> bool:
        """Whether a record that cannot be split holds a word that may or may not be the person's."""
        _, words = _split(raw or "")
        return not self.matches(raw) and any(
            self._is(word, namespace) for word in words for namespace in self.fields
        )

    def _is(self, value: str, namespace: str) -> bool:
        trimmed = value.strip()
        texts = [trimmed.lower() if namespace == EMAIL else trimmed]
        if namespace in self.phones and (number := e164(trimmed, self.phones[namespace] or None)):
            texts.append(number)
        known = self.wanted.get(namespace, ())
        return any(sha256(text.encode(errors="replace")).hexdigest() in known for text in texts)

    def _telling(self, word: str) -> list[str]:
        if "@" in word:
            return [EMAIL]
        return [*self.fields] if len(word) >= LONG else []


def fields_of(dataset: Dataset) -> Fields:
    """Where the identities of a dataset stand in its records, by the source's names and by our own."""
    fields: dict[str, set[tuple[str, ...]]] = {}
    for identity in dataset.identities:
        places = fields.setdefault(identity.namespace, set())
        places |= {*dataset.fields(identity.column), (identity.column,)}
        places |= {(".".join(path),) for path in dataset.fields(identity.column)}
    return fields


def _words(text: str) -> list[str]:
    return [word.strip(".") for word in WORDS.findall(text)]


def _split(raw: str) -> tuple[list[tuple[tuple[str, ...], str]], list[str]]:
    """The fields of a record with their places; or, of one that has none, its words."""
    try:
        content = json.loads(raw)
    except ValueError:
        return [], _words(raw)
    if not isinstance(content, dict | list):
        return [], _words(raw)
    return list(_leaves(content, ())), []


def _leaves(content: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _leaves(value, (*path, name))
    elif isinstance(content, list):
        for value in content:
            yield from _leaves(value, path)
    elif content is not None and not isinstance(content, bool):
        yield path, str(content)
