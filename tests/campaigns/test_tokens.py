"""A token comes back as it was made, or not at all."""

import base64

import pytest
from campaigns.documents import KEY, MARK, SIGNER
from hypothesis import given
from hypothesis import strategies as st

from perennial.campaigns.tokens import USES, KeyRefusedError, Signer, TokenRefusedError

URL = "https://shop.example.com/ü?a=1&b=2#c"


@pytest.mark.parametrize("use", USES)
def test_what_was_put_in_comes_out(use) -> None:
    url = URL if use == "click" else None
    token = SIGNER.token(use, MARK, url)
    assert SIGNER.opened(token, use) == (MARK, url)
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_a_token_is_good_for_its_own_use_only() -> None:
    for made in USES:
        for used in USES:
            if made != used:
                with pytest.raises(TokenRefusedError, match="for something else"):
                    SIGNER.opened(SIGNER.token(made, MARK, URL), used)


@given(position=st.integers(0, 1000), bit=st.integers(0, 7))
def test_no_bit_of_it_can_be_changed(position: int, bit: int) -> None:
    token = SIGNER.token("click", MARK, URL)
    content = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    content[position % len(content)] ^= 1 << bit
    with pytest.raises(TokenRefusedError):
        SIGNER.opened(base64.urlsafe_b64encode(content).rstrip(b"=").decode(), "click")


@given(st.text(max_size=200))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(TokenRefusedError):
        SIGNER.opened(text, "open")


def test_one_spelling_only() -> None:
    token = SIGNER.token("open", MARK)
    for other in (token + "=", token + "==", token + "A", " " + token, token[:-1], "A" * 5000):
        with pytest.raises(TokenRefusedError):
            SIGNER.opened(other, "open")


def test_a_new_key_signs_and_the_old_one_is_good_until_it_is_taken_away() -> None:
    new, both = "n" * 32, Signer.of(f"{'n' * 32}, {KEY}")
    assert both.opened(SIGNER.token("open", MARK), "open") == (MARK, None)
    assert Signer.of(new).opened(both.token("open", MARK), "open") == (MARK, None)
    assert both.dereferenced(SIGNER.reference(MARK.message_id)) == MARK.message_id
    with pytest.raises(TokenRefusedError):
        Signer.of(new).opened(SIGNER.token("open", MARK), "open")


@pytest.mark.parametrize("setting", ["", " , ", "short", f"{KEY},short"])
def test_a_key_that_can_be_guessed_is_refused(setting: str) -> None:
    with pytest.raises(KeyRefusedError, match="at least 32 characters"):
        Signer.of(setting)


def test_a_reference_names_its_message_and_cannot_be_made_up() -> None:
    reference = SIGNER.reference(MARK.message_id)
    assert len(reference) == 48
    assert SIGNER.dereferenced(reference) == SIGNER.dereferenced(reference.upper()) == MARK.message_id
    next_one = f"{int(reference[:32], 16) + 1:032x}" + reference[32:]
    for made_up in (
        next_one,
        reference[:-1] + ("0" if reference[-1] != "0" else "1"),
        reference[:-2],
        "",
        "z" * 48,
    ):
        assert SIGNER.dereferenced(made_up) is None
