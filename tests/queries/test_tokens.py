"""Tokens: what is quoted is one token, however it is quoted."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.queries.errors import QueryError
from perennial.queries.tokens import parameters_of, quoted, tokens


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a.b", ["a", ".", "b"]),
        ("'it''s; --'", ["'it''s; --'"]),
        (r"E'a\'; --' x", [r"E'a\'; --'", "x"]),
        ('"a""b;" c', ['"a""b;"', "c"]),
        ("$$ a; 'b $$ c", ["$$ a; 'b $$", "c"]),
        ("$x$ a $$ ; $x$ c", ["$x$ a $$ ; $x$", "c"]),
        ("a -- ; b\nc", ["a", "c"]),
        ("a /* ; /* ; */ ; */ c", ["a", "c"]),
        ("a$b$c", ["a$b$c"]),
        ("x=$y", ["x", "=", "$y"]),
        ("U&'a' u&\"b\"", ["U&'a'", 'u&"b"']),
        ("1.5e3", ["1.5e3"]),
        ("straße", ["straße"]),
    ],
)
def test_text_is_taken_apart_as_the_engines_do(sql, expected):
    assert [token.text for token in tokens(sql)] == expected


@pytest.mark.parametrize("sql", ["'a", 'x "a', "/* a", "/* a /* b */", "select '"])
def test_a_quotation_that_does_not_end_is_an_error(sql):
    with pytest.raises(QueryError) as error:
        tokens(sql)
    assert error.value.kind == "syntax"
    assert error.value.place is not None


def test_parameters_stand_outside_of_quotes():
    assert parameters_of("SELECT $a, '$b', \"$c\", $a, $$ $d $$ -- $e\n, $f") == ["a", "f"]


@given(st.text(max_size=30))
def test_every_name_can_be_quoted(name):
    [token] = tokens(quoted(name))
    assert token.name == name


@given(st.text(alphabet="ab'\"$;-/*\\\nE ", max_size=25))
def test_tokens_are_parts_of_the_text_in_its_order(sql):
    try:
        found = tokens(sql)
    except QueryError:
        return
    assert all(sql[token.start : token.end] == token.text for token in found)
    assert [token.start for token in found] == sorted({token.start for token in found})


def test_texts_between_dollars_are_looked_for_once() -> None:
    begun = time.process_time()
    with pytest.raises(QueryError, match="A quoted text does not end"):
        tokens("".join(f"$a{number}$" for number in range(40_000)))
    assert time.process_time() - begun < 2
