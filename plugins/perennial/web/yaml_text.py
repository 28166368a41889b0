"""YAML of people in, plain data out; what would grow out of proportion is refused before it is built.

A few lines can stand for billions of values, since a value can be repeated by its name, and what is nested
deeply enough ends the process that reads it. So the text's events are counted first, which takes time by its
length alone. Documents in `include/` are read without this: who writes them may write Dags as well.
"""

from typing import Any

import yaml

from perennial.documents import LOADER

DEEPEST = 50
"""Lists and mappings within each other."""
MOST = 200_000
"""Values, those that are repeated by name counted each time."""
SHORT = 100_000
"""Characters of a text whose mistakes are looked for a second time."""
LONGEST_NUMBER = 100
"""Characters of a number: longer ones take Python more time than they are worth."""


class OutOfProportion(yaml.MarkedYAMLError):
    """Not what people write."""


def read_yaml(text: str) -> Any:
    """What a text says. Raises `yaml.YAMLError`."""
    try:
        _weigh(text, LOADER)
    except yaml.YAMLError as error:
        if not isinstance(error, OutOfProportion) and len(text) < SHORT:
            # The one in Python says better where.
            _weigh(text, yaml.SafeLoader)
        raise
    return yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe one # nosec B506


def _weigh(text: str, loader: Any) -> None:
    sizes: dict[str | None, int] = {}
    """Of what has a name."""
    within: list[tuple[str | None, int]] = []
    """The lists and mappings that are open: their names, and how many values there were before each."""
    count = 0
    for event in yaml.parse(text, Loader=loader):
        match event:
            case yaml.AliasEvent():
                if any(name == event.anchor for name, _ in within):
                    raise _refused(event, f"*{event.anchor} holds itself")
                count += sizes.get(event.anchor, 1)
            case yaml.ScalarEvent():
                count += 1
                sizes[event.anchor] = 1
                plain = event.implicit[0] and event.value[:1] in "+-.0123456789"
                if plain and len(event.value) > LONGEST_NUMBER and " " not in event.value:
                    raise _refused(event, f"a number has at most {LONGEST_NUMBER} characters; quote a text")
            case yaml.CollectionStartEvent():
                within.append((event.anchor, count))
                count += 1
                if len(within) > DEEPEST:
                    raise _refused(event, f"nested more than {DEEPEST} times")
            case yaml.CollectionEndEvent():
                name, before = within.pop()
                sizes[name] = count - before
        if count > MOST:
            raise _refused(event, f"it comes to more than {MOST:,} values")


def _refused(event: Any, problem: str) -> OutOfProportion:
    return OutOfProportion(problem=problem, problem_mark=event.start_mark)
