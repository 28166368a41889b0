"""Pages of Markdown in; their headings, links, blocks and commands out."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.markdown import anchor

from perennial.settings import REPOSITORY

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?\s*\)")
MARKED = re.compile(r"<!-- include: (\S+) -->\s*\n( *)```\w*\n(.*?)^\2```", re.DOTALL | re.MULTILINE)
SHELLS = ("sh", "bash")
PAGES = sorted(
    path
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "plugins/**/*.md",
        "benchmarks/**/*.md",
        "deploy/**/*.md",
        "tests/**/*.md",
    )
    for path in REPOSITORY.glob(pattern)
)
"""Every page of the repository."""


@dataclass(frozen=True)
class Command:
    """One command of a page, as the shell takes it apart."""

    page: str
    words: tuple[str, ...]

    @property
    def airflow(self) -> list[str]:
        """What it gives the command `airflow`, here or in a container; nothing if it is another one."""
        words = self.words[4:] if self.words[:3] == ("docker", "compose", "exec") else self.words
        return list(words[1:]) if words and words[0] in ("airflow", ".venv/bin/airflow") else []


def named(path: Path) -> str:
    """A page as people call it."""
    return str(path.relative_to(REPOSITORY))


def prose(text: str) -> str:
    """A page without its blocks and code, in which nothing links."""
    return re.sub(r"(`+)(?:(?!\1).)+?\1", "", FENCED.sub("", text))


def links(text: str) -> list[str]:
    """Where a page leads to; its pictures, too."""
    return LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives a page's headings; of equal ones, all but the first are numbered."""
    found: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", FENCED.sub("", text), re.MULTILINE):
        name = anchor(heading.replace("`", ""))
        times = found.setdefault(name, 0)
        found[name] += 1
        names.add(f"{name}-{times}" if times else name)
    return names


def commands(path: Path) -> Iterator[Command]:
    """The commands of a page's shell blocks; a block with a construct of the shell's own gives none."""
    for indent, language, block in FENCED.findall(path.read_text(encoding="utf-8")):
        text = re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)
        if language not in SHELLS or "<<'" in text:
            continue
        for words in _statements(text):
            yield from (Command(named(path), part) for part in _parts(words))


def documents(path: Path) -> dict[str, str]:
    """The documents of a page, by the files in `include` that they are to be."""
    return {
        name: re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)
        for name, indent, text in MARKED.findall(path.read_text(encoding="utf-8"))
    }


def triggered(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The Dag of `dags trigger`, and its form."""
    said = dict(zip(words[3::2], words[4::2], strict=True))
    return words[2], json.loads(said.get("--conf", "{}"))


def _statements(text: str) -> Iterator[list[str]]:
    """Lines, and what goes on over several of them."""
    begun = ""
    for line in text.splitlines():
        begun += line
        if begun.endswith("\\"):
            begun = begun[:-1] + " "
            continue
        try:
            words = shlex.split(begun, comments=True)
        except ValueError:
            begun += "\n"
            continue
        begun = ""
        if words:
            yield words


def _parts(words: list[str]) -> Iterator[tuple[str, ...]]:
    part: list[str] = []
    for word in [*words, "|"]:
        if word in ("|", "&&", ";", "||"):
            if part:
                yield tuple(part)
            part = []
        else:
            part.append(word)
