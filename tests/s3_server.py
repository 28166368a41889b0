"""A stand-in for S3 on loopback, with a bucket."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer


@contextmanager
def running_s3(bucket: str) -> Iterator[dict[str, str]]:
    """A server as long as the block runs; gives the options that reach it."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    options = {
        "aws_access_key_id": "someone",
        "aws_secret_access_key": "secret",
        "aws_region": "us-east-1",
        "aws_endpoint": f"http://127.0.0.1:{port}",
        "aws_allow_http": "true",
    }
    try:
        request = urllib.request.Request(f"{options['aws_endpoint']}/{bucket}", method="PUT")
        urllib.request.urlopen(request).close()
        yield options
    finally:
        server.stop()
