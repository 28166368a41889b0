"""Delimited files are read exactly, in every dialect; a line that cannot be read costs no other one."""

from collections.abc import Iterator
from typing import Any

import pytest

from perennial.signals.reading import FileUnreadable, SchemaMismatch, delimited, lines
from perennial.signals.reading.records import Record, records

from .conftest import Read, dataset

ABC = dataset("a", "b", "c")


def test_fields_are_text_and_missing_is_not_empty(read: Read):
    found = read('a,b,c\n1,,""\n"x, y","say ""hi""",é\n', ABC)
    assert found.rows == [("1", None, ""), ("x, y", 'say "hi"', "é")]
    assert found.lines == [2, 3]
    assert found.broken == []


@pytest.mark.parametrize(
    ("dialect", "content"),
    [
        ({"delimiter": ";"}, "a;b;c\n1;2,5;x\n"),
        ({"delimiter": "\t", "quote": "'"}, "a\tb\tc\n'1'\t2,5\t'x'\n"),
        ({"delimiter": "|", "quote": None}, "a|b|c\n1|2,5|x\n"),
        ({"delimiter": "|", "skip_lines": 2}, 'an "export"\n\na|b|c\n1|2,5|x\n'),
        ({"delimiter": ";", "comment": "#"}, "# from the till\na;b;c\n#\n1;2,5;x\n# the end\n"),
        ({"delimiter": ";", "header": False, "names": ["a", "b", "c"]}, "1;2,5;x\n"),
        ({"delimiter": ";"}, "\ufeffa;b;c\r\n1;2,5;x\r\n"),
        ({"delimiter": ";"}, "a;b;c\n\n1;2,5;x\n\n\n"),
        ({"delimiter": ";"}, "a;b;c\n1;2,5;x"),
    ],
)
def test_dialects(read: Read, dialect, content):
    found = read(content, dataset("a", "b", "c", source={"csv": dialect}))
    assert found.rows == [("1", "2,5", "x")]
    assert found.broken == []


def test_texts_that_stand_for_nothing(read: Read):
    things = dataset("a", "b", "c", source={"csv": {"null_values": ["NULL", "-"]}})
    assert read("a,b,c\n1,NULL,-\n2,null,\n", things).rows == [("1", None, None), ("2", "null", None)]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8-sig", "shift_jis", "cp037"])
def test_encodings(read: Read, encoding):
    text = "テ" if encoding == "shift_jis" else "é"
    things = dataset("a", "b", "c", source={"csv": {"encoding": encoding}})
    found = read(f'a,b,c\n1,{text},"x\ny"\n'.encode(encoding), things)
    assert found.rows == [("1", text, "x\ny")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2", "2 fields instead of 3"),
        ("1,2,3,4", "4 fields instead of 3"),
        ("1", "1 field instead of 3"),
        ('1,"2"x,3', "text follows a closing quote"),
        ('""x" """,2,', "text follows a closing quote"),
        ('1,2,"3', "a quote is opened and never closed"),
    ],
)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_line_that_cannot_be_read_is_set_aside_and_costs_no_other(read: Read, line, reason, place):
    good = ["a1,b1,c1", 'a2,"b2",', "a3,,"]
    at = {"first": 0, "middle": 1, "last": 3}[place]
    found = read("\n".join(["a,b,c", *good[:at], line, *good[at:]]), ABC)
    assert found.rows == [("a1", "b1", "c1"), ("a2", "b2", None), ("a3", None, None)]
    assert found.broken == [(at + 2, line, [reason])]
    assert sorted([*found.lines, at + 2]) == [2, 3, 4, 5]


def test_bytes_that_are_no_text_are_shown_and_set_aside(read: Read):
    found = read(b"a,b,c\n1,2,3\n1,\xff\xfe,3\n4,5,6\n", ABC)
    assert found.rows == [("1", "2", "3"), ("4", "5", "6")]
    assert found.broken == [(3, r"1,\xff\xfe,3", ["bytes that are no text in the encoding utf-8"])]


def test_bytes_that_another_encoding_does_not_know(read: Read):
    things = dataset("a", "b", "c", source={"csv": {"encoding": "cp1252"}})
    found = read(b"a,b,c\n1,\x81,3\n4,\xe9,6\n", things)
    assert found.rows == [("4", "é", "6")]
    assert [(line, reasons) for line, _, reasons in found.broken] == [
        (2, ["bytes that are no text in the encoding cp1252"])
    ]


def test_lines_are_counted_through_quoted_line_ends(read: Read):
    found = read('a,b,c\n1,"x\ny\n",3\n4,5,6\n"\n\n",8,\n9,9,9\n', ABC)
    assert found.rows == [("1", "x\ny\n", "3"), ("4", "5", "6"), ("\n\n", "8", None), ("9", "9", "9")]
    assert found.lines == [2, 5, 6, 9]


def test_quotes_within_a_field_that_does_not_begin_with_one_are_text(read: Read):
    found = read('a,b,c\n5" pipe,2,3\n6" pipe,"2",a "b"\n', ABC)
    assert found.rows == [('5" pipe', "2", "3"), ('6" pipe', "2", 'a "b"')]


def test_a_lone_carriage_return_is_kept(read: Read):
    assert read("a,b,c\n1,2\r,3\r\n", ABC).rows == [("1", "2\r", "3")]


def test_a_line_that_is_too_long_is_cut_and_named(read: Read):
    things = dataset("a", "b", "c", limits={"row_bytes": 100})
    found = read(f"a,b,c\n1,2,3\n{'x' * 200},2,3\n4,5,6\n", things)
    assert found.rows == [("1", "2", "3"), ("4", "5", "6")]
    ((line, raw, reasons),) = found.broken
    assert (line, raw.endswith("… (205 bytes)")) == (3, True)
    assert reasons == ["longer than the 100 bytes that a row may have (`limits.row_bytes`)"]


def test_a_line_of_ten_megabytes(read: Read):
    found = read(b"a,b,c\n1,2,3\n" + b"x" * 10_000_000 + b",2,3\n4,5,6\n", ABC)
    assert found.rows == [("1", "2", "3"), ("4", "5", "6")]
    ((line, raw, _),) = found.broken
    assert line == 3
    assert len(raw) < 2000


def test_a_line_longer_than_what_is_read_at_once(read: Read):
    found = read(b"a,b,c\n1,2,3\n" + b"x" * 40_000_000 + b"\n4,5,6\n", ABC)
    assert found.rows == [("1", "2", "3"), ("4", "5", "6")]
    assert found.broken[0][1].endswith("… (40000001 bytes)")
    assert found.lines == [2, 4]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty, without even a header"),
        (b"\xff\xfea\x00", "header cannot be read: bytes that are no text in the encoding utf-8"),
        (b"\x1f\x8b\x08\x00", "header cannot be read"),
        (b"a,b,a\n1,2,3\n", "more than one column a"),
        (b"a,b,c\r1,2,3\r", "end no line"),
        (b"\n\n", "has no header"),
    ],
)
def test_files_that_cannot_be_read_at_all(read: Read, content, message):
    with pytest.raises(FileUnreadable, match=message):
        read(content, ABC)


def test_a_header_alone_is_no_rows(read: Read):
    found = read("a,b,c\n", ABC)
    assert (found.rows, found.broken) == ([], [])
    assert found.frame.columns[:3] == ["a", "b", "c"]


def test_columns_that_nobody_knows(read: Read):
    with pytest.raises(SchemaMismatch, match=r"things\.csv: has d, e, which things does not know"):
        read("a,b,c,d,e\n1,2,3,4,5\n", ABC)
    assert read("a,d\n1,4\n", dataset("a", "b", extra_columns="ignore")).frame["a"].to_list() == ["1"]


def test_columns_that_are_required(read: Read):
    with pytest.raises(SchemaMismatch, match="lacks b, which things requires; it has a, c"):
        read("a,c\n1,2\n", dataset("a", "b", "c", required=["b"]))


def test_chunks_are_no_larger_than_asked_and_lose_nothing(read: Read):
    content = "a,b,c\n" + "".join(f'{n},"x",\n' if n % 7 else f"{n},2\n" for n in range(1000))
    found = read(content, ABC, rows=64)
    assert max(chunk.rows.height for chunk in found.chunks) <= 64
    assert len(found.rows) + len(found.broken) == 1000
    assert sorted([*found.lines, *(line for line, _, _ in found.broken)]) == [*range(2, 1002)]


def test_blocks_end_between_records_not_within_quotes(read: Read, monkeypatch):
    monkeypatch.setattr(lines, "BLOCK", 1000)
    careful: list[bytes] = []

    def spy(data: bytes, *how: Any, **more: Any) -> Iterator[Record]:
        careful.append(data)
        return records(data, *how, **more)

    monkeypatch.setattr(delimited, "records", spy)
    rows = [(str(n), f"{n}\n\nx", None) for n in range(1000)]
    found = read("a,b,c\n" + "".join(f'{a},"{b}",\n' for a, b, _ in rows), ABC)
    assert found.rows == rows
    assert found.lines == [*range(2, 3002, 3)]
    # Only the header is read on its own.
    assert len(careful) <= 2


def test_long_records_and_bad_lines_in_one_doubtful_block(read: Read):
    long = "\n".join(["x" * 99] * 4000)
    content = f'a,b,c\n1,"{long}",3\nbad,line\n4,5,6\n7,"{long}",9\n1,"open,2\n' + "8,8,8\n" * 90_000
    found = read(content, ABC)
    assert [(line, raw) for line, raw, _ in found.broken] == [(4002, "bad,line"), (8004, '1,"open,2')]
    assert found.rows[:3] == [("1", long, "3"), ("4", "5", "6"), ("7", long, "9")]
    assert found.rows[3:] == [("8", "8", "8")] * 90_000
    assert found.lines == [2, 4003, 4004, *range(8005, 98_005)]
