"""Links are replaced where they stand, and nothing else is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.campaigns.links import rewritten, with_pixel

PAGE = """<!DOCTYPE html>
<html><head><link href="https://x.example/style.css"><style>a[href="https://y"] {}</style></head>
<body bgcolor=white><!-- <a href="https://comment.example"> -->
<A CLASS='b' HREF='https://one.example/?a=1&amp;b=2' title="3 > 2">one</A>
<a href=http://two.example/x>two</a> <map><area
   href = "https://three.example"></map>
<a href="mailto:shop@example.com">mail</a> <a href="#top">up</a> <a name="n">n</a> <a data-href="https://no">x</a>
5 < 6 &nbsp; &copy; <br/></BODY></html>
"""


def test_links_to_the_web_are_given_as_they_are_meant_and_replaced() -> None:
    seen: list[str] = []

    def link(url: str) -> str:
        seen.append(url)
        return f"https://t.example/?{len(seen)}&x"

    new = rewritten(PAGE, link)
    assert seen == ["https://one.example/?a=1&b=2", "http://two.example/x", "https://three.example"]
    expected = (
        PAGE.replace("'https://one.example/?a=1&amp;b=2'", '"https://t.example/?1&amp;x"')
        .replace("http://two.example/x", '"https://t.example/?2&amp;x"')
        .replace('"https://three.example"', '"https://t.example/?3&amp;x"')
    )
    assert new == expected


def test_a_link_may_stay() -> None:
    assert rewritten(PAGE, lambda url: None) == PAGE
    long = f'<a href="https://a.example/{"x" * 2000}">'
    assert rewritten(long, lambda url: "https://b.example") == long


@given(st.text(alphabet="<>/a href='\"=https:&;!-\n\ré", max_size=80))
def test_whatever_is_written_stays(html: str) -> None:
    assert rewritten(html, lambda url: None) == html


@pytest.mark.parametrize(
    ("html", "before", "after"),
    [
        ("<body>x</body></html>", "<body>x", "</body></html>"),
        ("x", "x", ""),
        ("<p>a</p>\nb</BODY>", "<p>a</p>\nb", "</BODY>"),
    ],
)
def test_the_picture_ends_the_body(html: str, before: str, after: str) -> None:
    new = with_pixel(html, "https://t.example/o/1?a&b")
    assert new.startswith(before + '<img src="https://t.example/o/1?a&amp;b" width="1" height="1"')
    assert new.endswith(">" + after)
