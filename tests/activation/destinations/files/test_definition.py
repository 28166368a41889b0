"""What an activation's document may say of its files, and what they are called."""

from itertools import islice
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from perennial.activation.definition import Activation
from perennial.activation.destinations.files.definition import Files
from perennial.activation.destinations.files.names import names
from perennial.errors import TerminalError
from perennial.settings import REPOSITORY

from .conftest import day


def document(files: dict[str, Any] | None, kind: str = "files", **keys: Any) -> Activation:
    there = {"kind": kind, "connection": "exports"}
    content = {"name": "mail", "title": "Mail", "destination": there, "audiences": ["best"], **keys}
    return Activation.model_validate({**content, "files": files})


def test_the_usual_values() -> None:
    files = document({"path": "/exports"}).files
    assert files == Files(
        path="/exports", format="csv", name="{activation}_{audience}_{as_of:%Y%m%d}", rows=5_000_000,
        changes=False, delimiter=",", encrypt=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/exports",
        "agency",
        "agency/mail",
        "sftp://h/x",
        "sftp:///x",
        "s3://b/x",
        "gs://b",
        "az://c/x",
        "abfss://c@a.dfs.example/x",
    ],
)
def test_places(path: str) -> None:
    if "@" in path:
        with pytest.raises(ValidationError, match="credentials belong into the Airflow connection"):
            document({"path": path})
    else:
        assert document({"path": path}).files


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("../exports", "expected a folder such as"),
        ("/", "expected a folder such as"),
        ("/exports/../etc", "expected a folder such as"),
        ("ftp://h/x", "a URI with one of sftp://, s3://"),
        ("sftp://me:secret@h/x", "credentials belong into the Airflow connection"),
    ],
)
def test_what_is_no_place(path: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        document({"path": path})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("{activation}", r"\{audience\} is missing"),
        ("{audience}_{day}", r"\{day\} is not known; known are \{activation\}"),
        ("{audience}/x", "found '/x'"),
        ("../{audience}", "found '../'"),
        (".{audience}", "does not begin with a point"),
        ("{audience!r}", r"\{audience\} is not known"),
        ("{audience:10}", r"\{audience:10\} is not understood"),
        ("{audience}{as_of:%Y/%m}", "is not understood"),
        ("{audience}{part:x}", r"\{part:x\} is not understood; examples"),
        ("{audience", "not a template"),
    ],
)
def test_what_is_no_name(name: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        document({"path": "/exports", "name": name})


def test_what_the_kind_needs() -> None:
    with pytest.raises(ValidationError, match="files: belongs to"):
        document(None)
    with pytest.raises(ValidationError, match="files: belongs to"):
        document({"path": "/exports"}, kind="klaviyo")
    alone: dict[str, Any] = {"destination": {"kind": "files"}}
    assert document({"path": "/exports"}, **alone).destination.connection == ""
    with pytest.raises(ValidationError, match="the Airflow connection with the credentials is missing"):
        document({"path": "sftp://h/x"}, **alone)
    with pytest.raises(ValidationError, match="the Airflow connection with the credentials is missing"):
        document(None, destination={"kind": "klaviyo"})


def test_a_key_lies_below_include() -> None:
    assert document({"path": "/exports", "encrypt": "keys/a-b.c.asc"}).files
    for path in ("/etc/key", "keys/../../key", "keys//x", ".key"):
        with pytest.raises(ValidationError, match=r"files\.encrypt"):
            document({"path": "/exports", "encrypt": path})


def test_an_incremental_file_is_not_overwritten_by_the_next_one() -> None:
    with pytest.raises(ValidationError, match=r"\{as_of\} is missing.*say `mode: full`"):
        document({"path": "/exports", "name": "{audience}"})
    assert document({"path": "/exports", "name": "{audience}"}, mode="full")


def test_a_list_of_attributes_is_a_mapping() -> None:
    mapping = ["age", {"attribute": "department.spend_decile", "key": "DELI & MORE", "default": 0}]
    found = document({"path": "/exports"}, mapping=mapping).mapping
    assert [*found] == ["age", "department_spend_decile_DELI___MORE"]
    with pytest.raises(ValidationError, match="a_b: twice"):
        document({"path": "/exports"}, mapping=["a.b", "a_b"])


def _names(template: str, title: str = "Best & brightest", count: int = 2) -> list[str]:
    return list(islice(names(template, ".csv", "mail", "best", title, day(5)), count))


@pytest.mark.parametrize(
    ("template", "first", "second"),
    [
        ("{activation}_{audience}_{as_of:%Y%m%d}", "mail_best_20171205.csv", "mail_best_20171205_2.csv"),
        ("{audience}_{as_of:%m%d%Y_%H%M%S}", "best_12052017_000000.csv", "best_12052017_000000_2.csv"),
        ("{audience}_{as_of:%s}", "best_1512432000.csv", "best_1512432000_2.csv"),
        ("{audience} {as_of}", "best 20171205.csv", "best 20171205_2.csv"),
        ("{title} ({audience}) {part:03}", "Best_brightest (best) 001.csv", "Best_brightest (best) 002.csv"),
        ("{part}-{audience}", "1-best.csv", "2-best.csv"),
    ],
)
def test_names(template: str, first: str, second: str) -> None:
    document({"path": "/exports", "name": template}, mode="full")
    assert _names(template) == [first, second]


def test_a_title_is_no_path_and_not_too_long() -> None:
    assert _names("{title}_{audience}", "../../etc/passwd", 1) == ["etc_passwd_best.csv"]
    assert len(_names("{title}_{audience}", "long " * 100, 1)[0]) < 100
    with pytest.raises(TerminalError, match="longer than 255 bytes"):
        _names("{audience}" + "x" * 250)


def test_the_manual_has_all_keys_and_a_document_that_can_be_read() -> None:
    manual = (REPOSITORY / "docs/destinations.md").read_text()
    for name in Files.model_fields:
        assert f"| `{name}` |" in manual
    (example,) = [
        each.partition("```")[0] for each in manual.split("```yaml\n") if "kind: files" in each[:100]
    ]
    found = Activation.model_validate({"name": "example", **yaml.safe_load(example)})
    assert found.files is not None
    assert found.files.scheme == "sftp"
