"""The HTML of an e-mail in; the same with other links, and a picture that tells that it was opened, out.

Everything else stays as it was written, byte by byte: only the values of `href` are replaced, where they
stand.
"""

import re
from collections.abc import Callable
from html import escape, unescape
from html.parser import HTMLParser
from itertools import accumulate

LINKS = {"a", "area"}
HREF = re.compile(
    r"""(?P<before>\shref\s*=\s*)(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'>]+))""", re.I
)
LONGEST = 2000
"""Bytes of a URL that is tracked; a longer one stays as it is, and is not counted."""


class _Finder(HTMLParser):
    """Where the start tags of links stand, and where the body ends."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self._starts = [0, *accumulate(len(line) for line in html.split("\n"))]
        self.tags: list[tuple[int, str]] = []
        self.end_of_body: int | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in LINKS:
            self.tags.append((self._position(), self.get_starttag_text() or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "body":
            self.end_of_body = self._position()

    def _position(self) -> int:
        line, column = self.getpos()
        # A line's start is that of all lines before it, with their ends.
        return self._starts[line - 1] + (line - 1) + column


def rewritten(html: str, link: Callable[[str], str | None]) -> str:
    """Replace each link to the web by what `link` makes of its URL; None leaves it as it is."""
    pieces, done = [], 0
    for start, tag in _Finder(html).tags:
        pieces += [html[done:start], HREF.sub(lambda found: _replaced(found, link), tag, count=1)]
        done = start + len(tag)
    return "".join([*pieces, html[done:]])


def with_pixel(html: str, url: str) -> str:
    """Put an invisible picture at the end of the body."""
    pixel = f'<img src="{escape(url)}" width="1" height="1" alt="" style="display:block;border:0">'
    end = _Finder(html).end_of_body
    place = len(html) if end is None else end
    return html[:place] + pixel + html[place:]


def _replaced(found: re.Match[str], link: Callable[[str], str | None]) -> str:
    raw = next(value for value in found.group("double", "single", "bare") if value is not None)
    url = unescape(raw).strip()
    if not url.lower().startswith(("http://", "https://")) or len(url.encode()) > LONGEST:
        return found[0]
    new = link(url)
    return found[0] if new is None else f'{found["before"]}"{escape(new)}"'
