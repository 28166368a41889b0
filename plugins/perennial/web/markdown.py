"""A text in Markdown in; HTML that is safe to show, or the blocks that paper is set from, out."""

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

_READER = (
    MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])
)
"""HTML stays text, addresses that run something are refused, and nothing is fetched from elsewhere."""


@dataclass(frozen=True)
class Block:
    """A heading (level 1 to 6), a paragraph, an item of a list or a row of a table, without its marks."""

    words: str
    level: int = 0
    indent: int = 0
    mark: str = ""
    """What stands before it: a bullet, a number."""


def html(text: str) -> str:
    """The text as HTML; links open beside the page."""
    tokens = _READER.parse(text)
    for token in tokens:
        for each in token.children or ():
            if each.type == "link_open":
                each.attrSet("target", "_blank")
                each.attrSet("rel", "noopener noreferrer")
    return str(_READER.renderer.render(tokens, _READER.options, {}))


def blocks(text: str) -> Iterator[Block]:
    """The text as paper has it: one block after the other."""
    lists: list[int | None] = []
    level, mark, cells, in_cell = 0, "", list[str](), False
    for token in _READER.parse(text):
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                number = lists[-1]
                mark = "•" if number is None else f"{number}."
                lists[-1] = None if number is None else number + 1
            case "tr_open":
                cells, in_cell = [], True
            case "tr_close":
                yield Block(" · ".join(cells))
                in_cell = False
            case "inline" if in_cell:
                cells.append(_words(token))
            case "inline":
                yield Block(_words(token), level, len(lists), mark)
                mark = ""
            case "fence" | "code_block":
                yield from (Block(line, 0, len(lists) + 1) for line in token.content.splitlines())


def _words(token: Token) -> str:
    """What a line says, without what it looks like."""
    said = (" " if each.type in ("softbreak", "hardbreak") else each.content for each in token.children or ())
    return "".join(said).strip()
