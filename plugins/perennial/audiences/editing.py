"""A definition that a person has put together in; a checked one, or mistakes with their places, out."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from perennial.audiences.definition import Audience
from perennial.documents import Mistake

TAGS = {"attribute", "event", "sequence", "audience", "share", "group", "condition"}
"""How pydantic names the kinds of blocks in the places of errors."""
ORDER = ["title", "description", "purpose", "state", "evaluation", "rule", "list", "top", "namespace",
         "attribute", "by", "field", "key", "most", "least_first", "event", "audience", "share", "after",
         "seed", "sequence", "where", "aggregate", "of", "operator", "value"]  # fmt: skip
GROUPS = {"all", "any", "none"}


class DefinitionRefused(Exception):
    """A definition has mistakes."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(each.message for each in mistakes))
        self.mistakes = mistakes


def read(name: str, definition: Mapping[str, Any]) -> Audience:
    """Check the form of a definition. Raises `DefinitionRefused` with all mistakes."""
    try:
        return Audience.model_validate({**definition, "name": name})
    except ValidationError as error:
        found = {each.path: each for each in reversed(list(_mistakes(error)))}
        raise DefinitionRefused(list(reversed(found.values()))) from None


def to_yaml(audience: Audience) -> str:
    """The document as it stands in `include/audiences`: what is not said there has its usual value."""
    said = audience.model_dump(mode="json", exclude={"name"}, exclude_defaults=True, exclude_none=True)
    text = yaml.safe_dump(_in_order(said), sort_keys=False, allow_unicode=True, width=100)
    return f"# yaml-language-server: $schema=../schemas/audiences.json\n{text}"


def plain(audience: Audience) -> dict[str, Any]:
    """The definition as JSON, as `read` takes it."""
    fields = {"title", "description", "purpose", "state", "evaluation"}
    who = audience.model_dump(
        mode="json", include={"rule", "list", "top"}, exclude_defaults=True, exclude_none=True
    )
    return {**audience.model_dump(mode="json", include=fields), **_in_order(who)}


def _in_order(said: Any) -> Any:
    """Keys in the order in which a person says them."""
    if isinstance(said, list):
        return [_in_order(each) for each in said]
    if not isinstance(said, dict):
        return said
    last = len(ORDER)
    keys = sorted(said, key=lambda key: ORDER.index(key) if key in ORDER else last)
    return {key: _in_order(said[key]) for key in keys}


def _mistakes(error: ValidationError) -> Iterator[Mistake]:
    for issue in error.errors():
        message = str(issue["msg"]).removeprefix("Value error, ")
        yield Mistake(_path(issue["loc"]), message)


def _path(place: tuple[int | str, ...]) -> str:
    """The place in the rule, without the kinds of blocks, and without the types that a value may have.

    Places beside it begin with what they are in: `top.most`.
    """
    if place[:1] != ("rule",):
        return ".".join(map(str, place))
    parts: list[str] = []
    kind_is_next = True
    for part in place[1:]:
        if kind_is_next and part in TAGS:
            kind_is_next = False
        elif isinstance(part, int):
            parts[-1] += f"[{part}]"
            kind_is_next = parts[-1].partition("[")[0] in GROUPS
        else:
            parts.append(part)
            kind_is_next = part == "where"
            if part == "value":
                break
    return ".".join(parts)
