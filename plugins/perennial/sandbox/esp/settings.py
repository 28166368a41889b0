"""What one stand-in process needs to know: read from the environment, once, when it starts."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class EspSettings:
    """Where the stand-in listens, keeps its state, and reports events to."""

    host: str
    port: int
    state: Path
    """Folder of its database."""
    api_key: str
    webhook_url: str | None
    """Where signed events go; none are sent without it."""
    private_key: Path | None
    """PEM file of the ECDSA P-256 key that signs the events."""

    @classmethod
    def from_env(cls) -> "EspSettings":
        """Read `PERENNIAL_SANDBOX_{HOST,PORT,API_KEY,WEBHOOK_URL,PRIVATE_KEY}` and `PERENNIAL_STATE`."""
        key = os.environ.get("PERENNIAL_SANDBOX_PRIVATE_KEY")
        return cls(
            host=os.environ.get("PERENNIAL_SANDBOX_HOST", "127.0.0.1"),
            port=int(os.environ.get("PERENNIAL_SANDBOX_PORT", "8025")),
            state=Path(os.environ.get("PERENNIAL_STATE", ".perennial")) / "sandbox",
            api_key=os.environ["PERENNIAL_SANDBOX_API_KEY"],
            webhook_url=os.environ.get("PERENNIAL_SANDBOX_WEBHOOK_URL") or None,
            private_key=Path(key) if key else None,
        )
