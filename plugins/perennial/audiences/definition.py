"""An audience document: who belongs to it, what it may be used for, and in which state its definition is."""

import hashlib
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from perennial.audiences.rules import Group, Rule
from perennial.documents import Document

State = Literal["draft", "published", "inactive"]


class Consent(Document):
    """Who may be addressed for a purpose, whatever an audience's rule says."""

    name: str
    title: str
    rule: Rule


class Audience(Document):
    """Who belongs to an audience."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    description: str = ""
    purpose: str | None = None
    """The consent that members must have given: the name of a document in `include/consent`."""
    state: State = "published"
    """Drafts and inactive audiences are not evaluated."""
    rule: Rule

    @property
    def definition_hash(self) -> str:
        """Tells two definitions apart: equal rules have equal hashes, whatever their titles."""
        return hashlib.sha256(self.rule.model_dump_json(exclude_none=True).encode()).hexdigest()[:16]


def blocks(rule: Rule) -> Iterator[Rule]:
    """All blocks of a rule but its groups, from left to right."""
    if isinstance(rule, Group):
        for inner in rule.rules:
            yield from blocks(inner)
    else:
        yield rule
