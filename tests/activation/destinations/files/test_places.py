"""Files appear whole, in a folder, on a real SFTP server and on an object store, or they are not there."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import obstore
import paramiko
import pytest
from s3_server import S3

from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.destinations.files.places import Folder, ObjectStore, Place, path_of, unfinished
from perennial.activation.destinations.files.sftp import Login, SftpFolder
from perennial.errors import TerminalError
from perennial.local.ports import free_ports
from perennial.object_stores import bucket

from .conftest import Exports, People
from .sftp_server import running

OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDCRdXRmmbuvqzYoNKYJVULsxDyGuRcRTmdlY0GG1qyj"


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    with running(tmp_path_factory.mktemp("sshd")) as started:
        yield started


@pytest.fixture(scope="module")
def s3(s3_server: S3) -> dict[str, str]:
    """The options that reach a stand-in for S3 with a bucket `exports`."""
    s3_server.make("exports")
    return s3_server.options


@pytest.fixture
def inbound(tmp_path: Path) -> Path:
    folder = tmp_path / "inbound"
    folder.mkdir()
    return folder


def _behaves(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "file"
    for content in (b"first", b"second"):
        file.write_bytes(content)
        place.put(file, "a.csv")
    place.put(file, "b.csv")
    place.remove("b.csv")
    place.remove("b.csv")
    place.close()


def test_a_folder(tmp_path: Path) -> None:
    _behaves(Folder(str(tmp_path / "new" / "folder")), tmp_path)
    assert [each.name for each in (tmp_path / "new" / "folder").iterdir()] == ["a.csv"]
    assert (tmp_path / "new" / "folder" / "a.csv").read_bytes() == b"second"


def test_a_folder_on_an_sftp_server(login: Login, tmp_path: Path, inbound: Path) -> None:
    _behaves(SftpFolder(login, f"sftp://127.0.0.1{inbound}"), tmp_path)
    assert [each.name for each in inbound.iterdir()] == ["a.csv"]
    assert (inbound / "a.csv").read_bytes() == b"second"
    assert SftpFolder(login, f"sftp://{inbound}").check() == f"1 files in {inbound}"


def test_a_server_that_cannot_replace_a_file(tmp_path: Path, inbound: Path) -> None:
    with running(tmp_path, lacking="posix-rename") as login:
        _behaves(SftpFolder(login, f"sftp://{inbound}"), tmp_path)
    assert [each.name for each in inbound.iterdir()] == ["a.csv"]
    assert (inbound / "a.csv").read_bytes() == b"second"


def test_a_bucket(s3: dict[str, str], tmp_path: Path) -> None:
    _behaves(ObjectStore("s3://exports/mail/", s3), tmp_path)
    store, _ = bucket("s3://exports", s3)
    assert [each["path"] for page in obstore.list(store) for each in page] == ["mail/a.csv"]
    assert bytes(obstore.get(store, "mail/a.csv").bytes()) == b"second"


def test_a_transfer_that_breaks_leaves_nothing_under_the_name(
    login: Login, tmp_path: Path, inbound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(1 << 20))
    place = SftpFolder(login, f"sftp://{inbound}")
    write = paramiko.SFTPFile.write

    def cut(self: paramiko.SFTPFile, data: bytes) -> None:
        write(self, data)
        raise EOFError

    monkeypatch.setattr(paramiko.SFTPFile, "write", cut)
    with pytest.raises(UnavailableError, match=r"sftp://127\.0\.0\.1:\d+: EOFError"):
        place.put(file, "a.csv")
    assert [each.name for each in inbound.iterdir()] == [unfinished("a.csv")]
    monkeypatch.undo()
    place.put(file, "a.csv")
    place.close()
    assert [each.name for each in inbound.iterdir()] == ["a.csv"]
    assert (inbound / "a.csv").read_bytes() == file.read_bytes()


def test_nobody_is_trusted_at_first_sight(
    login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(TerminalError) as error:
        SftpFolder(replace(login, host_key=""), "sftp:///x").check()
    assert " ".join(login.host_key.split()[:2]) in str(error.value)
    with pytest.raises(TerminalError, match="presents another key than host_key says"):
        SftpFolder(replace(login, host_key=OTHER), "sftp:///x").check()
    with pytest.raises(TerminalError, match="host_key: expected a line such as"):
        SftpFolder(replace(login, host_key="AAAA"), "sftp:///x").check()


def test_what_is_wrong_with_a_login_or_a_folder_is_told(login: Login, tmp_path: Path, inbound: Path) -> None:
    with pytest.raises(TerminalError, match="there is no folder /no/where; create it"):
        SftpFolder(login, "sftp:///no/where").check()
    with pytest.raises(TerminalError, match=r"connection exports: .* refuses the login"):
        SftpFolder(replace(login, login="nobody-of-that-name"), "sftp:///x").check()
    with pytest.raises(TerminalError, match=r"private_key cannot be read"):
        SftpFolder(replace(login, private_key="x"), "sftp:///x").check()
    with pytest.raises(TerminalError, match=r"other\.example is not the host of the connection exports"):
        SftpFolder(login, "sftp://other.example/x")
    nowhere = replace(login, port=free_ports({"none": None})["none"])
    with pytest.raises(UnavailableError):
        SftpFolder(nowhere, "sftp:///x").check()


def test_secrets_are_not_shown(login: Login) -> None:
    shown = repr(replace(login, password="hunter2", passphrase="swordfish"))
    assert "PRIVATE" not in shown
    assert "hunter2" not in shown
    assert "swordfish" not in shown


def test_a_bucket_that_is_not_there_or_is_no_store(s3: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(TerminalError, match="s3://none/x: there is no such bucket"):
        ObjectStore("s3://none/x", s3).put(tmp_path / "file", "a.csv")
    nowhere = {**s3, "aws_endpoint": f"http://127.0.0.1:{free_ports({'none': None})['none']}"}
    with pytest.raises(UnavailableError, match="s3://none/x: the object store does not answer"):
        ObjectStore("s3://none/x", nowhere).put(tmp_path / "file", "a.csv")
    with pytest.raises(TerminalError, match="not an object store that can be opened"):
        ObjectStore("what://none/x", s3)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sftp://h/inbound/x", "/inbound/x"),
        ("sftp:///inbound", "/inbound"),
        ("sftp://h/~/inbound", "inbound"),
        ("sftp://h/~/", "."),
        ("sftp://h", "/"),
    ],
)
def test_paths_of_uris(uri: str, path: str) -> None:
    assert path_of(uri) == path


def test_an_activation_over_sftp(exports: Exports, login: Login, inbound: Path) -> None:
    document = exports.document(
        connection="exports",
        files={"path": f"sftp://{inbound}", "rows": 1, "name": "{audience}_{as_of}_{part:02}"},
    )
    people: People = {"ann": {"in": ["best"], "decile": 1}, "bob": {"in": ["best"]}}
    report = exports.write(people, document=document, place=SftpFolder(login, f"sftp://{inbound}"))
    assert sorted(each.name for each in inbound.iterdir()) == ["best_20171220_01.csv", "best_20171220_02.csv"]
    assert (inbound / "best_20171220_01.csv").read_text().splitlines()[1] == "ann@example.com,1,active"
    assert [*report.files] == ["best_20171220_01.csv", "best_20171220_02.csv"]
