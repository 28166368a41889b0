"""An OpenSSH server of one's own: it lets the tests' key in, and shows a folder."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from perennial.activation.destinations.files.sftp import Login
from perennial.local.ports import free_ports

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
SERVERS = [*Path("/usr/lib").glob("**/sftp-server"), *Path("/usr/libexec").glob("**/sftp-server")]
CONFIGURATION = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/ours.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp {server}
"""


@contextmanager
def running(folder: Path, lacking: str = "") -> Iterator[Login]:
    """The server, until the block ends; how to log in. What it is `lacking` are requests that it refuses."""
    if not Path(SSHD).exists() or not SERVERS:
        pytest.skip("no OpenSSH server (Debian, Ubuntu: openssh-server)")
    for name in ("host", "ours"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    port = free_ports({"sshd": None})["sshd"]
    (folder / "sshd_config").write_text(
        CONFIGURATION.format(
            port=port, folder=folder, server=f"{SERVERS[0]} -P {lacking}" if lacking else SERVERS[0]
        )
    )
    with (folder / "log").open("wb") as log:
        command = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(port, server, folder / "log")
        yield Login(
            "exports", "127.0.0.1", getpass.getuser(), port,
            private_key=(folder / "ours").read_text(), host_key=(folder / "host.pub").read_text().strip(),
        )  # fmt: skip
    finally:
        server.kill()
        server.wait()


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return
