"""A stack's own secrets: made at its first start, kept in files that only their owner can read."""

import base64
import json
import os
import secrets
import string
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from perennial.collector import tokens

ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, repr=False)
class Credentials:
    """Everything secret that the processes of one stack share; nothing in it needs quoting in a URL."""

    admin_password: str
    viewer_password: str
    postgres_password: str
    owner_password: str
    reader_password: str
    fernet_key: str
    jwt_secret: str
    api_secret_key: str
    sandbox_api_key: str
    webhook_public_key: str
    """Base64 of the DER form, as SendGrid shows it; the private key is in `webhook_private_key.pem`."""
    collector_token: str
    """With which the demo's source systems send messages and files to the collector."""
    tracking_key: str
    """With which the links in campaigns' e-mails are signed."""


def webhook_private_key(folder: Path) -> Path:
    """The file of the key that the sandbox signs webhooks with."""
    return folder / "webhook_private_key.pem"


def airflow_passwords(folder: Path) -> Path:
    """The file that SimpleAuthManager reads its users' passwords from."""
    return folder / "airflow_passwords.json"


def collector_tokens(folder: Path) -> Path:
    """The file of the tokens that the collector knows, as hashes."""
    return folder / "collector_tokens.yaml"


def find_or_create(folder: Path) -> Credentials:
    """Read the secrets of a stack; make them all if there are none."""
    file = folder / "credentials.json"
    if not file.exists():
        private_key, public_key = key_pair()
        made = Credentials(
            admin_password=_password(16),
            viewer_password=_password(16),
            postgres_password=_password(32),
            owner_password=_password(32),
            reader_password=_password(24),
            fernet_key=base64.urlsafe_b64encode(os.urandom(32)).decode(),
            jwt_secret=secrets.token_hex(32),
            api_secret_key=secrets.token_hex(32),
            sandbox_api_key=f"SG.{_password(22)}.{_password(43)}",
            webhook_public_key=public_key,
            collector_token=tokens.make(collector_tokens(folder), "demo"),
            tracking_key=secrets.token_hex(32),
        )
        _write(webhook_private_key(folder), private_key)
        users = {"admin": made.admin_password, "viewer": made.viewer_password}
        _write(airflow_passwords(folder), json.dumps(users) + "\n")
        # Last and at once: with it there, all of them are.
        _replace(file, asdict(made))
    content = json.loads(file.read_text())
    if "collector_token" not in content:
        # A stack that was made before the collector took messages.
        content["collector_token"] = tokens.make(collector_tokens(folder), "demo")
        _replace(file, content)
    if "tracking_key" not in content:
        # One that was made before there were campaigns.
        content["tracking_key"] = secrets.token_hex(32)
        _replace(file, content)
    return Credentials(**content)


def _password(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def key_pair() -> tuple[str, str]:
    """Of the webhooks: the private key as PEM, the public one as base64 of DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), base64.b64encode(public).decode()


def _replace(file: Path, content: dict[str, str]) -> None:
    partial = file.with_suffix(".new")
    _write(partial, json.dumps(content, indent=2) + "\n")
    partial.replace(file)


def _write(file: Path, content: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(content)
