"""A stand-in for S3 on loopback, in a process of its own, and how it is reached."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import boto3
import pytest
from obstore import put
from obstore.store import from_url

from perennial.lake import storage
from perennial.local.ports import free_ports
from perennial.settings import REPOSITORY

EVERYWHERE = pytest.mark.parametrize("root", ["folder", "object_store"], indirect=True)
"""A test of a lake at `root` that runs on a folder and on an object store, which takes ten times as long."""
PATIENCE = 120
"""Seconds for the server to start."""


@dataclass(frozen=True)
class S3:
    """A server that runs."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a lake there is reached."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "key-of-tests",
            "AWS_SECRET_ACCESS_KEY": "secret-of-tests",
            "AWS_REGION": "eu-central-1",
            "AWS_ALLOW_HTTP": "true",
        }

    @property
    def options(self) -> dict[str, str]:
        """The same, as a connection gives them."""
        known = {name.lower(): value for name, value in self.environment.items()}
        return known | {"aws_endpoint": known.pop("aws_endpoint_url")}

    def make(self, bucket: str) -> None:
        """Make an empty bucket."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/{bucket}", method="PUT")).close()

    def keep_versions(self, bucket: str) -> None:
        """Have a bucket keep what is deleted or written over."""
        keys = {f"aws_{name}": self.options[f"aws_{name}"] for name in ("access_key_id", "secret_access_key")}
        client = boto3.client("s3", endpoint_url=self.url, region_name=self.options["aws_region"], **keys)
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


@contextmanager
def running_s3() -> Iterator[S3]:
    """A server as long as the block runs."""
    port = free_ports({"s3": None})["s3"]
    paths = os.pathsep.join(str(REPOSITORY / folder) for folder in ("plugins", "tests"))
    server = subprocess.Popen(
        [sys.executable, "-m", "s3_process", str(port)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        started = S3(f"http://127.0.0.1:{port}")
        _wait(started, server)
        yield started
    finally:
        server.kill()
        server.wait()


def _wait(started: S3, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(started.url).close()
        except URLError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise
            time.sleep(0.05)
        else:
            return


def upload(folder: Path, uri: str) -> None:
    """Put all files of a folder below a URI, as `aws s3 sync` does."""
    store = from_url(uri)
    for entry in storage.entries(str(folder)):
        put(store, entry.path, (folder / entry.path).read_bytes())
