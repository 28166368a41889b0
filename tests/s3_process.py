"""`python -m s3_process PORT`: an S3-compatible server on loopback, as strict as S3 where lakes rely on it.

It is moto's, which looks whether an object is there, and then writes it: of two requests with `If-None-Match`
at once both could succeed. Here changes are answered one after the other. Buckets behave by their names:
`careless-*` overlooks conditions, as stores do that do not know them; `forbidden-*` lets nobody in;
`shaky-*` writes every other log entry of a table, and says that it has failed.
"""

import re
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

FORBIDDEN = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
FAILED = b"<Error><Code>InternalError</Code><Message>Please try again.</Message></Error>"
EVEN = re.compile(r"/_delta_log/\d+[02468]\.json$")
Start = Callable[..., Any]


class Careful:
    """Another application, with changes one after the other."""

    def __init__(self, application: Any) -> None:
        self._application, self._lock, self._failed = application, threading.Lock(), set[str]()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        bucket = path.split("/")[1]
        if bucket.startswith("forbidden-"):
            start("403 Forbidden", [("Content-Type", "application/xml")])
            return [FORBIDDEN]
        if method in ("GET", "HEAD"):
            answer: Iterable[bytes] = self._application(environ, start)
            return answer
        if bucket.startswith("careless-"):
            environ.pop("HTTP_IF_NONE_MATCH", None)
        with self._lock:
            done = [*self._application(environ, start)]
        if bucket.startswith("shaky-") and path not in self._failed and EVEN.search(path):
            self._failed.add(path)
            start("500 Internal Server Error", [("Content-Type", "application/xml")])
            return [FAILED]
        return done


if __name__ == "__main__":
    run_simple(
        "127.0.0.1",
        int(sys.argv[1]),
        Careful(DomainDispatcherApplication(create_backend_app)),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
