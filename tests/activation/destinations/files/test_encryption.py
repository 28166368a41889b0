"""Files that only their receiver can read."""

from pathlib import Path

import pysequoia
import pytest

from perennial.activation.destinations.files.encryption import encrypt
from perennial.errors import TerminalError

from .conftest import Exports


def test_an_activation_whose_files_only_the_receiver_reads(exports: Exports, tmp_path: Path) -> None:
    secrets = pysequoia.Tsk.generate("Receiver <receiver@example.com>")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "receiver.asc").write_text(str(secrets.extract_certificate()))
    document = exports.document(mode="full", files={"encrypt": "keys/receiver.asc"})
    report = exports.write({"ann": {"in": ["best"], "decile": 1}}, document=document)
    assert [*report.files] == exports.names == ["mail_best_20171220.csv.pgp"]
    message = (exports.folder / exports.names[0]).read_bytes()
    assert b"ann" not in message
    opened = pysequoia.decrypt(message, secrets.decryptor())
    assert opened.bytes == b"email,spend_decile\nann@example.com,1\n"


def test_what_is_no_public_key(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    key = tmp_path / "key.asc"
    with pytest.raises(TerminalError, match=r"there is no .*key\.asc"):
        encrypt(file, key)
    key.write_text("no key")
    with pytest.raises(TerminalError, match="is no OpenPGP key"):
        encrypt(file, key)
    secret = pysequoia.Tsk.generate("x <x@example.com>")
    for content in (str(secret).encode(), bytes(secret)):
        key.write_bytes(content)
        with pytest.raises(TerminalError, match="holds a secret key"):
            encrypt(file, key)
    assert file.exists()
