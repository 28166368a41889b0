"""What the collector needs to know: read from the environment, once, when it starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from perennial.campaigns.tokens import Signer
from perennial.collector.limits import Limits
from perennial.collector.providers import PROVIDERS
from perennial.settings import REPOSITORY, Settings


@dataclass(frozen=True)
class CollectorSettings:
    """Where the collector listens and writes, and whose requests it accepts."""

    host: str
    """The address of this machine at which it listens."""
    port: int
    """On which port."""
    places: Settings
    webhook_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """By provider: the keys that its webhooks may be signed with; without one they are refused."""
    tokens: Path | None = None
    """The file of the sources' tokens; without it no message and no file is taken."""
    limits: Limits = field(default_factory=Limits)
    workers: int = 1
    """Processes that share the port; with more than one, each writes to a partition of its own."""
    tracking: Signer | None = field(default=None, repr=False)
    """Checks the links of campaigns' e-mails; without it they lead nowhere."""

    @classmethod
    def from_env(cls) -> "CollectorSettings":
        """Read `PERENNIAL_COLLECTOR_*`, `PERENNIAL_<PROVIDER>_WEBHOOK_KEY`, `PERENNIAL_TRACKING_KEY`, and
        what `Settings` reads."""
        state = Path(os.environ.get("PERENNIAL_STATE", REPOSITORY / ".perennial"))
        key = os.environ.get("PERENNIAL_TRACKING_KEY")
        return cls(
            host=os.environ.get("PERENNIAL_COLLECTOR_HOST", "127.0.0.1"),
            port=int(os.environ.get("PERENNIAL_COLLECTOR_PORT", "8026")),
            places=Settings.from_env(),
            webhook_keys={each.name: _keys(each.setting) for each in PROVIDERS},
            tokens=Path(os.environ.get("PERENNIAL_COLLECTOR_TOKENS") or state / "collector_tokens.yaml"),
            limits=Limits.from_env(),
            workers=int(os.environ.get("PERENNIAL_COLLECTOR_WORKERS", "1")),
            tracking=Signer.of(key) if key else None,
        )


def _keys(name: str) -> tuple[str, ...]:
    """The keys of a variable, with commas between them."""
    return tuple(key.strip() for key in os.environ.get(name, "").split(",") if key.strip())
