"""An object store for tables: an S3-compatible server in a process of its own."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from urllib.error import URLError

import pytest

from perennial.local.ports import free_ports


@pytest.fixture(scope="module")
def object_store() -> Iterator[str]:
    """The URI of an empty bucket; the environment says how to reach it."""
    port = free_ports({"s3": None})["s3"]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "key-of-tests",
        "AWS_SECRET_ACCESS_KEY": "secret-of-tests",
        "AWS_REGION": "eu-central-1",
        "AWS_ALLOW_HTTP": "true",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        _create_bucket(environment["AWS_ENDPOINT_URL"])
        yield "s3://lake"
    finally:
        server.kill()
        server.wait()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _create_bucket(url: str) -> None:
    request = urllib.request.Request(f"{url}/lake", method="PUT")
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(request).close()
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
