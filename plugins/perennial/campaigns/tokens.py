"""What a link of an e-mail stands for in, a token that nobody else can make out; and back again.

A token says all that is needed when it comes back, so that who takes it asks nobody: the message, its
campaign, audience and day, and whom it was sent to, by the SHA-256 of their address. It is signed
(HMAC-SHA256), so that a link leads only where the campaign's own template says, and nobody can unsubscribe
somebody else.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date
from typing import Literal

from perennial.errors import TerminalError

Use = Literal["open", "click", "unsubscribe"]
USES: tuple[Use, ...] = ("open", "click", "unsubscribe")
MAC = 16
"""Bytes of a token's signature."""
SHORT = 8
"""Bytes of a reference's signature: the local part of an address has room for 64 characters."""
LONGEST = 4096
"""Characters of a token."""
SHORTEST_KEY = 32
"""Characters of a key."""


class TokenRefusedError(TerminalError):
    """This token is not ours, or not for this use."""


class KeyRefusedError(TerminalError):
    """The key cannot be used."""


@dataclass(frozen=True)
class Mark:
    """What a message carries wherever it goes."""

    message_id: str
    """UUID."""
    campaign: str
    audience: str
    as_of: date
    """Of the audience's members."""
    email_sha256: str


@dataclass(frozen=True)
class Signer:
    """The keys of one deployment: the first one signs, all of them are good."""

    keys: tuple[bytes, ...]

    @classmethod
    def of(cls, setting: str) -> "Signer":
        """Keys as a setting has them, divided by commas: a new one in front, then old ones."""
        keys = [part.strip() for part in setting.split(",") if part.strip()]
        if not keys or min(map(len, keys)) < SHORTEST_KEY:
            raise KeyRefusedError(
                f"PERENNIAL_TRACKING_KEY: expected at least {SHORTEST_KEY} characters, such as those of"
                " `openssl rand -hex 32`; several keys are divided by commas"
            )
        return cls(tuple(key.encode() for key in keys))

    def token(self, use: Use, mark: Mark, url: str | None = None) -> str:
        """For one use; of a click, with the URL that it leads to."""
        content = [
            use[0], mark.message_id, mark.campaign, mark.audience, mark.as_of.isoformat(),
            base64.b64encode(bytes.fromhex(mark.email_sha256)).decode(), *([url] if url else []),
        ]  # fmt: skip
        packed = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
        return _text(_mac(self.keys[0], packed)[:MAC] + packed)

    def opened(self, token: str, use: Use) -> tuple[Mark, str | None]:
        """What a token says; `TokenRefusedError` for one that is not ours, or for another use."""
        if len(token) > LONGEST or not token.isascii():
            raise TokenRefusedError("the token is too long, or no token")
        try:
            content = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise TokenRefusedError("the token is no token") from None
        signature, packed = content[:MAC], content[MAC:]
        # One spelling of a token only: base64 can say the same in several ways.
        if not self._signed(signature, packed, MAC) or _text(content) != token:
            raise TokenRefusedError("the token was not made here, or was changed")
        found, *rest = json.loads(packed)
        if found != use[0]:
            raise TokenRefusedError("the token is for something else")
        message_id, campaign, audience, as_of, sha256, *url = rest
        digest = base64.b64decode(sha256).hex()
        mark = Mark(message_id, campaign, audience, date.fromisoformat(as_of), digest)
        return mark, (url[0] if url else None)

    def reference(self, message_id: str) -> str:
        """A message's name in its headers and return path: reports about it are told from made-up ones."""
        plain = message_id.replace("-", "")
        return plain + _mac(self.keys[0], b"reference:" + plain.encode())[:SHORT].hex()

    def dereferenced(self, reference: str) -> str | None:
        """The message that a reference names; None if it is none of ours."""
        plain, signature = reference[:32], reference[32:].lower()
        try:
            given = bytes.fromhex(signature)
        except ValueError:
            return None
        if len(given) != SHORT or not self._signed(given, b"reference:" + plain.lower().encode(), SHORT):
            return None
        plain = plain.lower()
        return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))

    def _signed(self, signature: bytes, content: bytes, length: int) -> bool:
        return any(hmac.compare_digest(_mac(key, content)[:length], signature) for key in self.keys)


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, hashlib.sha256)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
