"""The collector keeps to its OpenAPI document, whatever is sent to it: schemathesis makes requests up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml
from openapi_schema_validator import OAS31Validator

from perennial.collector.app import OPENAPI, create_app
from perennial.collector.providers import setting
from perennial.local.credentials import key_pair

from .place import Place

EXAMPLES = "300" if os.environ.get("PERENNIAL_LONG") else "4"


def test_whatever_is_sent_is_answered_as_documented(place: Place, tmp_path: Path) -> None:
    """All of schemathesis' checks, on the running server, requests without a token among them."""
    keys = {setting(name): "key" for name in ("customer_io", "mailchimp", "salesforce")}
    keys |= {setting("sendgrid"): key_pair()[1], "PERENNIAL_TRACKING_KEY": "k" * 32}
    with place.running(**keys) as collector:
        done = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli",
                "--config-file", str(Path(__file__).with_name("schemathesis.toml")),
                "run", f"{collector.url}/openapi.json",
                "--url", collector.url, "--header", f"Authorization: Bearer {place.tokens['shop']}",
                "--max-examples", EXAMPLES, "--checks", "all", "--no-color",
                "--generation-database", "none", "--seed", "1",
            ],
            capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        counts = requests.get(f"{collector.url}/metrics", timeout=5).text
    assert 'messages_total{dataset="orders"}' in counts, "and some of it was taken"


def test_the_document_has_every_address_and_nothing_else(place: Place) -> None:
    document = yaml.safe_load(OPENAPI.read_text())
    served = {
        (route.path, method)
        for route in create_app(place.settings())._others.routes  # type: ignore[attr-defined]
        for method in route.methods - {"HEAD"}
    } | {(f"/collection/{each}", "POST") for each in ("{dataset}", "batch/{dataset}")}
    served |= {(path, "POST") for path in create_app(place.settings()).webhooks} | {
        ("/webhooks/mailchimp", "GET")
    }
    documented = {
        (path, method.upper())
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert documented == served


def test_its_limits_are_the_collectors(place: Place) -> None:
    text, limits = OPENAPI.read_text(), place.settings().limits
    mib = 1 << 20
    for said in (
        f"at most {limits.message_bytes // mib} MiB", f"{limits.batch_bytes // mib} MiB together",
        f"{limits.batch_messages:,} JSON objects", f"At most {limits.part_bytes // mib} MiB",
        f"at most {limits.file_bytes // mib // 1024} GiB", f"within {limits.body_seconds} seconds",
    ):  # fmt: skip
        assert said in text, said


@pytest.mark.parametrize("name", sorted(yaml.safe_load(OPENAPI.read_text())["components"]["schemas"]))
def test_its_schemas_are_schemas(name: str) -> None:
    OAS31Validator.check_schema(yaml.safe_load(OPENAPI.read_text())["components"]["schemas"][name])
