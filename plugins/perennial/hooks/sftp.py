"""The SFTP hook: an Airflow connection in, how to log in to a server out."""

from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook

from perennial.activation.destinations.files.sftp import PORT, Login, SftpFolder
from perennial.errors import PerennialError, TerminalError

TYPES = ("sftp", "ssh", "generic")


class SftpHook(BaseHook):
    """Reads where a server is, and as whom to log in, from a connection.

    In `extra`: `host_key`; `private_key` or `key_file`, and `private_key_passphrase`.

    :param conn_id: the Airflow connection
    """

    conn_name_attr = "conn_id"
    default_conn_name = "sftp_default"
    conn_type = "sftp"
    hook_name = "SFTP"

    def __init__(self, conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    def get_conn(self) -> Login:
        """How to log in; nothing is sent yet."""
        connection = self.get_connection(self.conn_id)
        if connection.conn_type not in TYPES:
            raise TerminalError(
                f"connection {self.conn_id} is of type {connection.conn_type}, which is no SFTP server;"
                f" known: {', '.join(TYPES)}"
            )
        extra = connection.extra_dejson
        secret = connection.password or extra.get("private_key") or extra.get("key_file")
        if not (connection.host and connection.login and secret):
            raise TerminalError(
                f"connection {self.conn_id}: an SFTP server needs a host, a user, and a password or a private"
                " key"
            )
        return Login(
            self.conn_id, connection.host, connection.login, int(connection.port or PORT),
            password=connection.password or "",
            private_key=_private_key(self.conn_id, extra),
            passphrase=extra.get("private_key_passphrase") or "",
            host_key=extra.get("host_key") or "",
        )  # fmt: skip

    def test_connection(self) -> tuple[bool, str]:
        """Log in, and look into the user's folder."""
        try:
            return True, SftpFolder(self.get_conn(), "sftp:///~/").check()
        except PerennialError as error:
            return False, str(error)


def _private_key(name: str, extra: dict[str, Any]) -> str:
    if not extra.get("key_file"):
        return str(extra.get("private_key") or "")
    try:
        return Path(extra["key_file"]).read_text(encoding="utf-8")
    except OSError as error:
        raise TerminalError(f"connection {name}: key_file: {error.strerror}: {extra['key_file']}") from None
