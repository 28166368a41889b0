"""A file of sources and the hashes of their tokens in; who sends a request, and what they may send, out."""

import hashlib
import os
import secrets
import sys
import time
from collections.abc import Sequence
from hmac import compare_digest
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from perennial.collector.refusals import Refused
from perennial.documents import Document, DocumentError, load

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
PREFIX = "pct_"
KNOWN = 1_000
"""Headers that are remembered."""
FRESH = 1.0
"""Seconds for which the file is not looked at again."""
CHALLENGE = {"www-authenticate": 'Bearer realm="collector"'}


class Token(Document):
    """A source may have several at once, so that a new one is in use before an old one is taken away."""

    name: Name
    """The source."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    datasets: list[str] = ["*"]
    """Those that it may write; `*` stands for all."""

    def may_write(self, dataset: str) -> bool:
        """Whether the dataset is among them."""
        return "*" in self.datasets or dataset in self.datasets


class TokenFile(Document):
    """The document: `tokens: [{name, sha256, datasets}]`."""

    tokens: list[Token] = []


class Tokens:
    """The tokens of the file as it is now: it is read again when it has changed."""

    def __init__(self, file: Path | None) -> None:
        """`DocumentError` where the file is there and cannot be understood."""
        self._file = file
        self._stamp = _stamp(file)
        self._tokens = _read(file) if self._stamp else []
        self._known: dict[bytes, Token] = {}
        """By header, those that were found. How long a look takes tells nothing of a token: where it stands
        depends on a key that only this process has."""
        self._look_at = time.monotonic() + FRESH
        self.problem: str | None = None
        """Why the file as it is now is not in use, if it is not."""

    def sender(self, authorization: bytes | None) -> Token:
        """The token of a request's `Authorization` header; `Refused` with 401 if it is not known."""
        if time.monotonic() > self._look_at:
            self._refresh()
        if authorization is not None and (known := self._known.get(authorization)) is not None:
            return known
        scheme, _, given = (authorization or b"").partition(b" ")
        if scheme.lower() != b"bearer" or not given:
            raise Refused(
                401, "unauthorized", "send the source's token as `Authorization: Bearer <token>`", CHALLENGE
            )
        digest, found = hashlib.sha256(given.strip()).hexdigest(), None
        for token in self._tokens:
            if compare_digest(token.sha256, digest):
                found = token
        if found is None:
            raise Refused(401, "unauthorized", "the token is not known, or no longer", CHALLENGE)
        if len(self._known) < KNOWN:
            # One token can be written in many ways, with spaces for example.
            self._known[authorization or b""] = found
        return found

    def _refresh(self) -> None:
        self._look_at = time.monotonic() + FRESH
        if (stamp := _stamp(self._file)) == self._stamp:
            return
        self._stamp, self._known = stamp, {}
        try:
            self._tokens, self.problem = _read(self._file) if stamp else [], None
        except DocumentError as error:
            # Half a file must not lock everybody out: the tokens that were read before stay good.
            self.problem = str(error)
            print(f"The tokens stay as they were: {error}", file=sys.stderr, flush=True)


def make(file: Path, name: str, datasets: Sequence[str] = ("*",)) -> str:
    """Add a token to the file and return it; only its hash is kept."""
    text = PREFIX + secrets.token_urlsafe(32)
    token = Token(name=name, sha256=hashlib.sha256(text.encode()).hexdigest(), datasets=[*datasets])
    tokens = [*(_read(file) if file.exists() else []), token]
    content = yaml.safe_dump({"tokens": [each.model_dump() for each in tokens]}, sort_keys=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.new")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(content)
    partial.replace(file)
    return text


def _stamp(file: Path | None) -> tuple[int, int, int] | None:
    try:
        found = file.stat() if file else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None


def _read(file: Path | None) -> list[Token]:
    return load(file, TokenFile).tokens if file else []
