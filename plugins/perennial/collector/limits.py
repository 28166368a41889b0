"""How much the collector takes: of one request, and of all that wait at the same time."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from perennial.errors import TerminalError

MIB = 1024 * 1024
PREFIX = "PERENNIAL_COLLECTOR_"


@dataclass(frozen=True)
class Limits:
    """Each can be set by `PERENNIAL_COLLECTOR_<NAME>`; sizes are in bytes, times in seconds."""

    message_bytes: int = MIB
    """Of one message."""
    batch_bytes: int = 10 * MIB
    """Of a request with many messages."""
    batch_messages: int = 10_000
    """In one request."""
    waiting_bytes: int = 64 * MIB
    """Of all requests whose answer is not sent yet; beyond it new ones are asked to come again."""
    free_bytes: int = 256 * MIB
    """Left on the disk: below it nothing is taken."""
    head_bytes: int = 64 * 1024
    """Of a request before its body, and of what follows it."""
    head_seconds: int = 10
    """For a request to begin and come to its body; then the connection is closed."""
    body_seconds: int = 30
    """For the body of a request with messages; for each piece of an uploaded file."""
    part_bytes: int = 512 * MIB
    """Of a file, or a chunk of one, in one request."""
    file_bytes: int = 50 * 1024 * MIB
    """Of a file of a batch."""
    batch_files: int = 10_000
    """In one batch."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> "Limits":
        """The defaults, less what the environment says."""
        given = {}
        for field in fields(cls):
            name = PREFIX + field.name.upper()
            if text := environment.get(name):
                if not text.isascii() or not text.isdigit() or int(text) == 0:
                    raise TerminalError(f"{name} must be a whole number above 0; found {text!r:.40}")
                given[field.name] = int(text)
        return cls(**given)
