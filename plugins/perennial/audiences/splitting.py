"""An audience and the parts that it is to have in; the definition of each part, out.

The parts are neighbours on one throw of the dice: nobody is in two of them, and who is in one stays there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from perennial.audiences.definition import Audience
from perennial.audiences.editing import DefinitionRefused
from perennial.documents import Mistake


@dataclass(frozen=True)
class Part:
    """A part that somebody asks for."""

    name: str
    title: str
    share: float
    """Of the audience: more than 0, and less than 1."""


def definitions(audience: Audience, parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
    """A draft for each part, by its name. Raises `DefinitionRefused`, at places such as `parts[1].share`."""
    if wrong := [*_mistakes(parts)]:
        raise DefinitionRefused(wrong)
    drafts, after = {}, Decimal(0)
    for part in parts:
        share = {"share": part.share, "after": float(after), "seed": audience.name}
        drafts[part.name] = {
            "title": part.title,
            "description": f"{part.share * 100:g} % of “{audience.title}”.",
            "purpose": audience.purpose,
            "state": "draft",
            "rule": {"all": [{"audience": audience.name}, share]},
        }
        after += _exactly(part.share)
    return drafts


def _mistakes(parts: Sequence[Part]) -> Iterator[Mistake]:
    names: set[str] = set()
    for number, part in enumerate(parts):
        if not 0 < part.share < 1:
            yield Mistake(f"parts[{number}].share", "More than 0 and less than 100 percent.")
        if part.name in names:
            yield Mistake(f"parts[{number}].name", f"Two parts are called {part.name}.")
        names.add(part.name)
    total = sum(_exactly(part.share) for part in parts)
    if total > 1:
        yield Mistake("parts", f"The parts come to {float(total) * 100:g} %: there is 100 %.")


def _exactly(share: float) -> Decimal:
    """As it is written: sums of floats are not where the next part begins."""
    return Decimal(repr(share))
