"""What the collector needs to know: read from the environment, once, when it starts."""

import os
from dataclasses import dataclass
from pathlib import Path

from perennial.settings import Settings


@dataclass(frozen=True)
class CollectorSettings:
    """Where the collector listens and writes, and whose signatures it accepts."""

    host: str
    port: int
    spool: Path
    sendgrid_key: str | None
    """SendGrid's verification key (base64 of DER); without it its webhook is refused."""

    @classmethod
    def from_env(cls) -> "CollectorSettings":
        """Read `PERENNIAL_COLLECTOR_{HOST,PORT}`, `PERENNIAL_SPOOL`, `PERENNIAL_SENDGRID_WEBHOOK_KEY`."""
        return cls(
            host=os.environ.get("PERENNIAL_COLLECTOR_HOST", "127.0.0.1"),
            port=int(os.environ.get("PERENNIAL_COLLECTOR_PORT", "8026")),
            spool=Settings.from_env().spool,
            sendgrid_key=os.environ.get("PERENNIAL_SENDGRID_WEBHOOK_KEY") or None,
        )
