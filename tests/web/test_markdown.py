"""Markdown of people: what it becomes on a page and on paper, and what it cannot do."""

import pytest

from perennial.web.markdown import Block, blocks, html
from perennial.web.print_prose import LONGER, MOST_LINES, height_of, laid, set_lines
from perennial.web.print_text import width_of

TEXT = """\
# Notes

What **matters**, see [sales](sales).

- one
- two
  1. first
  2. second

| a | b |
|---|---|
| 1 | 2 |
"""


def test_a_text_becomes_html_whose_links_open_beside_the_page() -> None:
    found = html(TEXT)
    assert "<h1>Notes</h1>" in found
    assert '<a href="sales" target="_blank" rel="noopener noreferrer">sales</a>' in found
    assert "<strong>matters</strong>" in found
    assert "<td>1</td>" in found


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[x](javascript:alert(1))",
        "[x](  JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://elsewhere.example/pixel.png)",
        "<javascript:alert(1)>",
        '[x](https://a.example "&quot; onclick=alert(1)")',
    ],
)
def test_nothing_runs_and_nothing_is_fetched(hostile: str) -> None:
    found = html(hostile)
    for tag in ("<script", "<img", 'href="javascript', 'href="data', 'onclick="', "onerror=alert(1)>"):
        assert tag not in found.lower()


def test_on_paper_it_is_blocks_with_their_marks() -> None:
    assert list(blocks(TEXT)) == [
        Block("Notes", level=1),
        Block("What matters, see sales."),
        Block("one", indent=1, mark="•"),
        Block("two", indent=1, mark="•"),
        Block("first", indent=2, mark="1."),
        Block("second", indent=2, mark="2."),
        Block("a · b"),
        Block("1 · 2"),
    ]


def test_lines_fit_their_room_and_a_page() -> None:
    lines = laid("word " * 2_000 + "\n\nlast", 300)
    assert len(lines) == MOST_LINES
    assert lines[-1].words == LONGER, "what is cut is said"
    assert all(width_of(line.words, 12.5) <= 300 for line in lines)
    short = laid(TEXT, 300)
    assert [line.y for line in short] == sorted(line.y for line in short)
    svg = "".join(set_lines(short, 10, 20))
    assert svg.count("<text") == len(short) + 4, "four have a mark"
    assert 'font-weight="700">Notes<' in svg
    assert height_of(()) == 0
