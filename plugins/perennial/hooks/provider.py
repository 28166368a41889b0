"""Connectors' declarations in; what Airflow must know to show a form for each type of connection, out."""

from typing import Any

from perennial.activation.destinations.connector import STANDARD, Connector
from perennial.activation.destinations.registry import connector, kinds

HIDEABLE = {*STANDARD, "schema", "extra"}
"""The fields of Airflow's own form."""
SFTP: dict[str, Any] = {
    "connection-type": "sftp",
    "hook-class-name": "perennial.hooks.sftp.SftpHook",
    "hook-name": "SFTP",
    "conn-fields": {
        "host_key": {
            "label": "Host key",
            "description": "The server's own, as `ssh-keyscan` prints it: ssh-ed25519 AAAA...",
            "schema": {"type": ["string", "null"]},
        },
        "private_key": {
            "label": "Private key",
            "description": "In place of a password: its whole text",
            "schema": {"type": ["string", "null"], "format": "password"},
        },
        "private_key_passphrase": {
            "label": "Passphrase of the private key",
            "description": "",
            "schema": {"type": ["string", "null"], "format": "password"},
        },
    },
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "extra"],
        "relabeling": {"login": "User"},
        "placeholders": {"port": "22"},
    },
}
"""As Airflow's providers describe their connections; its own SFTP provider has these fields too."""


def get_provider_info() -> dict[str, Any]:
    """As Airflow's providers describe themselves."""
    return {
        "package-name": "perennial",
        "name": "Perennial",
        "description": "Destinations of audiences",
        "connection-types": [*(_form(connector(kind)) for kind in kinds()), SFTP],
    }


def _form(each: Connector) -> dict[str, Any]:
    fields = each.declaration.connection.fields
    standard = {name: field for name, field in fields.items() if name in STANDARD}
    hints = {name: field.default or field.help for name, field in standard.items()}
    return {
        "connection-type": each.kind,
        "hook-class-name": f"perennial.hooks.destinations.{hook_name(each.kind)}",
        "hook-name": each.declaration.title,
        "conn-fields": {
            name: {
                "label": field.label,
                "description": field.help,
                "schema": {
                    "type": "string" if field.required else ["string", "null"],
                    **({"format": "password"} if field.secret else {}),
                },
            }
            for name, field in fields.items()
            if name not in standard
        },
        "ui-field-behaviour": {
            "hidden-fields": sorted(HIDEABLE - standard.keys()),
            "relabeling": {name: field.label for name, field in standard.items()},
            "placeholders": {name: hint for name, hint in hints.items() if hint},
        },
    }


def hook_name(kind: str) -> str:
    """The hook's class, `CustomerIoHook` for `customer_io`; it is not imported for the form."""
    return "".join(part.capitalize() for part in kind.split("_")) + "Hook"
