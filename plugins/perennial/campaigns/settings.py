"""What campaigns need to know of a deployment: read from the environment, once, at the edge."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from perennial.campaigns.tokens import Signer
from perennial.errors import TerminalError

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class NotConfiguredError(TerminalError):
    """A setting is missing, or cannot be used."""


@dataclass(frozen=True)
class CampaignSettings:
    """Of one deployment; each is asked for where it is needed."""

    key: str = ""
    """What links in e-mails are signed with: `openssl rand -hex 32`. A new one and a comma in front of it
    replace it."""
    url: str = ""
    """The collector's address as recipients reach it, such as `https://mail.example.com`."""
    mailbox: str = ""
    """A Maildir with reports of undelivered messages; without one none are read."""

    @classmethod
    def from_env(cls) -> "CampaignSettings":
        """Read `PERENNIAL_TRACKING_KEY`, `PERENNIAL_COLLECTOR_URL` and `PERENNIAL_BOUNCES`."""
        return cls(
            key=os.environ.get("PERENNIAL_TRACKING_KEY", ""),
            url=os.environ.get("PERENNIAL_COLLECTOR_URL", ""),
            mailbox=os.environ.get("PERENNIAL_BOUNCES", ""),
        )

    @property
    def signer(self) -> Signer:
        """Of the links in e-mails; the collector has the same key."""
        if not self.key:
            raise NotConfiguredError(
                "PERENNIAL_TRACKING_KEY is not set: links cannot be signed, and nothing is sent; make one"
                " with `openssl rand -hex 32`, for Airflow and the collector"
            )
        return Signer.of(self.key)

    @property
    def base(self) -> str:
        """The collector's address as recipients reach it: https, or on this machine."""
        found = urlsplit(self.url)
        here = found.hostname in LOOPBACK
        if (
            not found.hostname
            or found.scheme not in (("http", "https") if here else ("https",))
            or found.query
        ):
            raise NotConfiguredError(
                "PERENNIAL_COLLECTOR_URL: expected the collector's address as recipients reach it, such as"
                f" https://mail.example.com; found {self.url or 'nothing'!r}"
            )
        return self.url.rstrip("/")

    @property
    def bounces(self) -> Path | None:
        """The Maildir to which reports about undelivered messages come, if there is one."""
        return Path(self.mailbox) if self.mailbox else None
