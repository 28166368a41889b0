"""What a connector declares, apart from its code: what it can, how fast, and what its connection needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from perennial.activation.destinations.base import Destination, FieldKind, Limits, SuppressionKind
from perennial.activation.destinations.wire import Wire
from perennial.documents import Document, load
from perennial.errors import TerminalError

FOLDER = Path(__file__).parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
"""Where stand-ins run: what is sent there does not leave the machine, so that it may go in plain text."""
STANDARD = ("host", "port", "login", "password")
"""The fields that every connection of Airflow has; all others are its extras."""


class Capabilities(Document):
    """What a connector can do."""

    identity: list[Literal["email", "external_id"]]
    """By what the provider knows a person, as we use it."""
    audience: str
    """What an audience becomes there."""
    lists: bool = True
    """Whether the provider has lists of its own; otherwise membership is a field of the person."""
    renames: bool
    """Whether an audience's new title reaches the provider."""
    removes: bool
    """Whether people leave an audience there when they leave it here."""
    clears: list[FieldKind]
    """The kinds of fields that a missing value empties; in others the last value stays."""
    jobs: bool
    """Whether the provider works on upserts in its own time."""
    suppressions: list[SuppressionKind]
    """Whom it names as not to be mailed, before each send."""
    upsert_can_subscribe: bool
    """Whether the provider's upsert could subscribe somebody, if it was used carelessly: see the README."""
    consent_fields: list[str] = []
    """Fields by which it could; `*` stands for any text. A mapping to one is refused."""


class FormField(Document):
    """One field of the connection's form."""

    label: str
    help: str = ""
    required: bool = False
    secret: bool = False
    default: str | None = None


class Form(Document):
    """What a connection needs, and where it may lead."""

    hosts: list[str]
    """Allowed hosts; `*` stands for one label."""
    fields: dict[str, FormField]


class Declaration(Document):
    """The file `connector.yaml`."""

    title: str
    api: str
    """Where the provider documents the API."""
    capabilities: Capabilities
    connection: Form


@dataclass(frozen=True)
class Account:
    """A checked connection: where to, and as whom. Secrets are not in its `repr`."""

    url: str
    login: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Connector:
    """A folder of `destinations`."""

    kind: str
    declaration: Declaration
    limits: Limits

    @classmethod
    def read(cls, kind: str) -> "Connector":
        """Read the declarations of a folder; its code is not imported."""
        folder = FOLDER / kind
        return cls(kind, load(folder / "connector.yaml", Declaration), load(folder / "limits.yaml", Limits))

    def account(self, name: str, given: Mapping[str, Any]) -> Account:
        """Check the fields of the connection `name`.

        Raises `TerminalError` where one is missing, or the host is not the provider's: an API key goes to
        nobody else.
        """
        form = self.declaration.connection.fields
        values = {
            key: str(value)
            for key, each in form.items()
            if (value := given.get(key) or each.default) not in (None, "")
        }
        if missing := [
            f"{key} ({form[key].label})" for key in form if form[key].required and key not in values
        ]:
            raise TerminalError(
                f"connection {name}: {', '.join(missing)}: needed for {self.declaration.title}"
            )
        extra = {key: value for key, value in values.items() if key not in STANDARD}
        url = self._url(name, values.get("host", ""), given.get("port"))
        return Account(url, values.get("login", ""), values.get("password", ""), extra)

    def connect(self, account: Account, wire: Wire | None = None) -> Destination:
        """What an activation sends to; nothing is sent yet."""
        module = import_module(f"{__package__}.{self.kind}.destination")
        destination: Destination = module.connect(account, self.limits, wire or Wire())
        return destination

    def _url(self, name: str, host: str, port: Any) -> str:
        parts = urlsplit(host if "://" in host else f"https://{host}")
        allowed = self.declaration.connection.hosts
        is_theirs = parts.scheme == "https" and any(_matches(parts.netloc, each) for each in allowed)
        is_ours = parts.scheme in ("http", "https") and parts.hostname in LOOPBACK and "@" not in parts.netloc
        if not (is_theirs or is_ours):
            raise TerminalError(
                f"connection {name}: host: {parts.scheme}://{parts.hostname or ''} is none of"
                f" {self.declaration.title}'s; allowed: https with {', '.join(allowed)}"
            )
        return f"{parts.scheme}://{parts.netloc}" + (f":{port}" if port and is_ours else "")


def _matches(host: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[a-z0-9-]+"), host.lower()) is not None
