"""A folder on an SFTP server: files are written beside their name and renamed when they are complete."""

import io
import posixpath
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import paramiko
from paramiko.ssh_exception import AuthenticationException, BadHostKeyException, SSHException

from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.destinations.files.places import path_of, unfinished
from perennial.errors import TerminalError

TIMEOUT = 30.0
"""Seconds for the server to answer."""
PORT = 22


@dataclass(frozen=True)
class Login:
    """A checked connection: where to, and as whom. Secrets are not in its `repr`."""

    name: str
    """The connection's."""
    host: str
    login: str
    port: int = PORT
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    """In OpenSSH's or PEM's format."""
    passphrase: str = field(default="", repr=False)
    host_key: str = ""
    """The server's own: `ssh-ed25519 AAAA...`; without it, this machine's `known_hosts` decides."""


class _Unknown(paramiko.MissingHostKeyPolicy):
    """Nobody is trusted at first sight: the password would go to whoever answers."""

    def __init__(self, connection: str) -> None:
        self._connection = connection

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        raise TerminalError(
            f"connection {self._connection}: {hostname} is not known. It presents the key"
            f" `{key.get_name()} {key.get_base64()}`: ask who runs it whether that is right, and put it into"
            " host_key"
        )


class SftpFolder:
    """The server is spoken to when the first file is put."""

    def __init__(self, login: Login, uri: str) -> None:
        there = urlsplit(uri).hostname
        if there and there != login.host.lower():
            raise TerminalError(
                f"files: path: {there} is not the host of the connection {login.name}, {login.host}: the"
                " password goes to nobody else; leave the host out (`sftp:///folder`), or correct it"
            )
        self._login, self._folder = login, path_of(uri)
        self._client: paramiko.SSHClient | None = None
        self._sftp: paramiko.SFTPClient | None = None

    def put(self, file: Path, name: str) -> None:
        before, after = (posixpath.join(self._folder, each) for each in (unfinished(name), name))
        try:
            there = self._open()
            there.put(str(file), before)
            _rename(there, before, after)
        except (OSError, SSHException, EOFError) as error:
            raise self._failed(error) from None

    def remove(self, name: str) -> None:
        try:
            with suppress(FileNotFoundError):
                self._open().remove(posixpath.join(self._folder, name))
        except (OSError, SSHException, EOFError) as error:
            raise self._failed(error) from None

    def check(self) -> str:
        """Look into the folder; what to tell a person who tries the connection."""
        try:
            return f"{len(self._open().listdir(self._folder))} files in {self._folder}"
        except (OSError, SSHException, EOFError) as error:
            raise self._failed(error) from None
        finally:
            self.close()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._sftp = None

    def _open(self) -> paramiko.SFTPClient:
        if self._sftp is None:
            self._client = paramiko.SSHClient()
            self._trust(self._client)
            login = self._login
            self._client.connect(
                login.host, login.port, login.login, login.password or None, pkey=_key(login),
                timeout=TIMEOUT, banner_timeout=TIMEOUT, auth_timeout=TIMEOUT,
                allow_agent=False, look_for_keys=False,
            )  # fmt: skip
            self._sftp = self._client.open_sftp()
        return self._sftp

    def _trust(self, client: paramiko.SSHClient) -> None:
        client.set_missing_host_key_policy(_Unknown(self._login.name))
        if not self._login.host_key:
            client.load_system_host_keys()
            return
        known = self._login.host if self._login.port == PORT else f"[{self._login.host}]:{self._login.port}"
        try:
            entry = paramiko.hostkeys.HostKeyEntry.from_line(f"{known} {self._login.host_key}")
        except (SSHException, ValueError):
            entry = None
        if entry is None or entry.key is None:
            raise TerminalError(
                f"connection {self._login.name}: host_key: expected a line such as `ssh-ed25519 AAAA...`"
            )
        client.get_host_keys().add(known, entry.key.get_name(), entry.key)

    def _failed(self, error: Exception) -> Exception:
        where = f"sftp://{self._login.host}:{self._login.port}"
        self.close()
        if isinstance(error, BadHostKeyException):
            return TerminalError(
                f"connection {self._login.name}: {where} presents another key than host_key says: it was"
                " exchanged, or somebody is in between; ask who runs it before you change host_key"
            )
        if isinstance(error, AuthenticationException):
            return TerminalError(
                f"connection {self._login.name}: {where} refuses the login; check the user, and the password"
                " or the private key"
            )
        if isinstance(error, FileNotFoundError):
            return TerminalError(
                f"{where}: there is no folder {self._folder}; create it, or correct files.path"
            )
        if isinstance(error, PermissionError):
            return TerminalError(f"{where}: {self._login.login} must not write into {self._folder}")
        return UnavailableError(f"{where}: {type(error).__name__}")


def _rename(there: paramiko.SFTPClient, before: str, after: str) -> None:
    try:
        there.posix_rename(before, after)
    except FileNotFoundError:
        raise
    except OSError:
        # An extension that OpenSSH has and others may lack; without it a file that is there has to go first.
        with suppress(FileNotFoundError):
            there.remove(after)
        there.rename(before, after)


def _key(login: Login) -> paramiko.PKey | None:
    if not login.private_key:
        return None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with suppress(SSHException, ValueError):
            return kind.from_private_key(io.StringIO(login.private_key), login.passphrase or None)
    raise TerminalError(
        f"connection {login.name}: private_key cannot be read; expected one of the kind Ed25519, ECDSA or"
        " RSA, and its private_key_passphrase where it has one"
    )
