"""A template and what it stands for in, the names of files out."""

import re
from collections.abc import Iterator
from datetime import datetime
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator

from perennial.errors import TerminalError

FIELDS = ("activation", "audience", "title", "as_of", "part")
STRANGE = re.compile(r"[^\w.-]+")
PLAIN = re.compile(r"[\w .()+=@-]*")
"""What may stand between the fields: nothing that a file system or a shell would take for something else."""
TIMES = re.compile(r"(%[YmdHMSjyBbs]|[\w.-])+")
NUMBER = re.compile(r"(0?[1-9])?")
LONGEST = 255
"""Bytes of a name that every file system takes."""
LONGEST_TITLE = 80


def _understood(template: str) -> str:
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"not a template: {error}") from None
    allowed = ", ".join(f"{{{each}}}" for each in FIELDS)
    for text, field, form, conversion in parts:
        if (field is not None and field not in FIELDS) or conversion:
            raise ValueError(f"{{{field}}} is not known; known are {allowed}")
        if not PLAIN.fullmatch(text):
            raise ValueError(
                f"found {text!r}; between {allowed} may stand letters, digits, spaces and . ( ) + = @ - _"
            )
        is_good = TIMES if field == "as_of" else NUMBER if field == "part" else re.compile("")
        if form and not is_good.fullmatch(form):
            raise ValueError(f"{{{field}:{form}}} is not understood; examples: {{as_of:%Y%m%d}}, {{part:03}}")
    fields = [field for _, field, _, _ in parts]
    if "audience" not in fields:
        raise ValueError("{audience} is missing: without it one audience's file would overwrite another's")
    if template.startswith((".", " ")):
        raise ValueError("a name does not begin with a point or a space: such files are not seen")
    return template


Name = Annotated[str, AfterValidator(_understood)]
"""A template of a file's name."""


def has(template: str, field: str) -> bool:
    """Whether a template has a field."""
    return any(each == field for _, each, _, _ in Formatter().parse(template))


def names(
    template: str, ending: str, activation: str, audience: str, title: str, as_of: datetime
) -> Iterator[str]:
    """The names of an audience's first file, its second one, and so on."""
    short = STRANGE.sub("_", title)[:LONGEST_TITLE].strip("._")
    known = {"activation": activation, "audience": audience, "title": short}
    with_part, part = has(template, "part"), 0
    while True:
        part += 1
        name = template.format(**known, as_of=_Moment(as_of), part=part)
        name += ending if with_part or part == 1 else f"_{part}{ending}"
        if len(name.encode()) > LONGEST:
            raise TerminalError(
                f"activation {activation}: files: name: {name} is longer than {LONGEST} bytes; shorten it"
            )
        yield name


class _Moment:
    """A moment in a template: as a day where the template does not say how."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def __format__(self, form: str) -> str:
        form = form.replace("%s", str(int(self._moment.timestamp())))
        return format(self._moment, form or "%Y%m%d")
