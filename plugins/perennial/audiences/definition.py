"""An audience document: who belongs to it, what it may be used for, and in which state its definition is."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from perennial.audiences.comparisons import Where
from perennial.audiences.lists import UploadedList, listed
from perennial.audiences.rules import Group, Rule
from perennial.audiences.top import Top
from perennial.documents import Document

State = Literal["draft", "published", "inactive"]
Evaluation = Literal["batch", "stream"]


class Consent(Document):
    """Who may be addressed for a purpose, whatever an audience's rule says."""

    name: str
    title: str
    """What people call the purpose."""
    rule: Rule
    """Who may be addressed for it."""


class Audience(Document):
    """Who belongs to an audience."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["rule"]}, {"required": ["list"]}]})
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    """What people call it."""
    description: str = ""
    """For people."""
    purpose: str | None = None
    """The consent that members must have given: the name of a document in `include/consent`."""
    state: State = "published"
    """Drafts and inactive audiences are not evaluated."""
    evaluation: Evaluation = "batch"
    """`batch`: once a day. `stream`: as events come, too, so that people enter and leave at once."""
    rule: Rule | None = None
    """Who belongs to it: a block, or a group of blocks."""
    list: UploadedList | None = None
    """In place of a rule: its people are uploaded."""
    top: Top | None = None
    """Of those, only the first by an attribute."""

    @model_validator(mode="after")
    def _a_rule_or_a_list(self) -> "Audience":
        if (self.rule is None) == (self.list is None):
            raise ValueError("an audience has either a rule or a list")
        return self

    @property
    def condition(self) -> Rule:
        """What its members meet: its rule, or that they are on its list."""
        if self.rule is not None:
            return self.rule
        if self.list is not None:
            return listed(self.name, self.list)
        raise AssertionError(self)

    @property
    def definition_hash(self) -> str:
        """Tells two definitions apart: equal rules have equal hashes, whatever their titles."""
        said = {
            part: content.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
            for part in ("rule", "list", "top")
            if (content := getattr(self, part)) is not None
        }
        if [*said] == ["rule"]:
            said = said["rule"]
        return hashlib.sha256(json.dumps(_canonical(said), sort_keys=True).encode()).hexdigest()[:16]


def _canonical(said: Any) -> Any:
    """One way of writing: a number that is whole is written so, whoever wrote it."""
    if isinstance(said, dict):
        return {key: _canonical(value) for key, value in said.items()}
    if isinstance(said, list):
        return [_canonical(each) for each in said]
    return int(said) if isinstance(said, float) and said.is_integer() else said


def blocks(rule: Rule, where: Where) -> Iterator[tuple[Where, Rule]]:
    """All blocks of a rule but its groups, from left to right, each with its place."""
    if isinstance(rule, Group):
        for number, inner in enumerate(rule.rules):
            yield from blocks(inner, where.inside(rule.word, number))
    else:
        yield where, rule
