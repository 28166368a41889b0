"""PDF files of one page each in, one file with all the pages out.

They come from one writer (svg2pdf), whose files have a plain table of objects and no compressed ones; what
looks different is refused.
"""

import re
from itertools import pairwise

from perennial.errors import TerminalError

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_TABLE = re.compile(rb"xref\n0 (\d+)\n((?:\d{10} \d{5} [fn].{0,2}\n?)+)")
_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_TYPE = re.compile(rb"/Type\s*/(Catalog|Pages|Page)\b")


class NotUnderstood(TerminalError):
    """A file is not of the form that can be joined."""


def join(files: list[bytes], title: str) -> bytes:
    """One document of these pages, in their order."""
    objects: list[bytes] = [b"", b"", b""]  # the catalogue, the list of pages, and what is said about all
    pages: list[int] = []
    for file in files:
        known = _objects(file)
        kept = {number for number, body in known.items() if _kind(body) not in (b"Catalog", b"Pages")}
        names = {number: len(objects) + n + 1 for n, number in enumerate(sorted(kept))}
        for number in sorted(kept):
            if _kind(known[number]) == b"Page":
                pages.append(names[number])
            objects.append(_renamed(known[number], names))
    kids = b" ".join(b"%d 0 R" % page for page in pages)
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), kids)
    objects[2] = b"<< /Producer (Perennial) /Title <FEFF%s> >>" % title.encode("utf-16-be").hex().encode()
    return _written(objects)


def _objects(file: bytes) -> dict[int, bytes]:
    """The bodies of a file's objects by their numbers."""
    start = _START.search(file)
    table = _TABLE.match(file, int(start[1])) if start else None
    if start is None or table is None:
        raise NotUnderstood("a page is no PDF with a plain table of objects")
    entries = [line.split() for line in table[2].splitlines() if line.strip()]
    offsets = {int(entry[0]): number for number, entry in enumerate(entries) if entry[2][:1] == b"n"}
    ends = [*sorted(offsets), int(start[1])]
    found: dict[int, bytes] = {}
    for at, end in pairwise(ends):
        number = offsets[at]
        whole = file[at:end]
        head = b"%d 0 obj" % number
        if not whole.startswith(head) or b"endobj" not in whole or b"/ObjStm" in whole:
            raise NotUnderstood("an object of a page is not where its table says")
        found[number] = whole[len(head) : whole.rindex(b"endobj")].strip(b"\n")
    return found


def _kind(body: bytes) -> bytes:
    found = _TYPE.search(body.partition(b"stream\n")[0])
    return found[1] if found else b""


def _renamed(body: bytes, names: dict[int, int]) -> bytes:
    """References by their new numbers; what a list of pages was leads to the new one."""
    says, stream, content = body.partition(b"stream\n")
    return _REFERENCE.sub(lambda m: b"%d 0 R" % names.get(int(m[1]), 2), says) + stream + content


def _written(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\x80\x80\x80\x80\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)
