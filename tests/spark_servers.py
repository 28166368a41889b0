"""Spark Connect servers as processes of their own: Sail, from a wheel, and Apache Spark, on Java.

Apache Spark needs Java and a Python that has a full PySpark: `make spark` makes one in `.venv-spark`, and
`PERENNIAL_SPARK_PYTHON` may name another.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perennial.local.ports import free_ports
from perennial.settings import REPOSITORY

TOKEN = "token-of-tests"


def missing(engine: str) -> str | None:
    """Why an engine cannot be started here; None if it can."""
    if engine == "sail":
        return None
    if shutil.which("java") is None:
        return "Apache Spark runs on Java, and there is none"
    if not spark_python().exists():
        return f"no PySpark: {spark_python()} is not there; `make spark`, or set PERENNIAL_SPARK_PYTHON"
    return None


def spark_python() -> Path:
    """The Python that has a full PySpark, if there is one."""
    return Path(os.environ.get("PERENNIAL_SPARK_PYTHON", REPOSITORY / ".venv-spark/bin/python"))


@contextmanager
def running_spark(engine: str, folder: Path) -> Iterator[str]:
    """The URL of a server that runs until the end, and keeps what it needs in `folder`."""
    port = free_ports({engine: None})[engine]
    command, environment = (_sail if engine == "sail" else _java)(port, folder)
    with (folder / f"{engine}.log").open("wb") as log:
        server = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=log, stderr=log, cwd=folder
        )
        try:
            _wait(server, port, folder / f"{engine}.log")
            # A token over an open line is only sent to this very machine, by this name.
            yield f"sc://localhost:{port}" + (f"/;token={TOKEN}" if engine == "java" else "")
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _sail(port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "pysail", "spark", "server", "--port", str(port)], {"RUST_LOG": "warn"}


def _java(port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
    code = "import pyspark; print(pyspark.__path__[0])"
    home = subprocess.run(
        [spark_python(), "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
    }
    command = [f"{home}/bin/spark-submit", "--master", "local[2]", "--driver-memory", "2g"]
    for name, value in settings.items():
        command += ["--conf", f"{name}={value}"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    environment = {
        "SPARK_HOME": home,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_CONNECT_AUTHENTICATE_TOKEN": TOKEN,
        "PYSPARK_PYTHON": str(spark_python()),
    }
    return command, environment


def _wait(server: subprocess.Popen[bytes], port: int, log: Path, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
