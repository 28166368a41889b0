"""Spark Connect servers as processes of their own: Sail, from a wheel, and Apache Spark, on Java.

Apache Spark needs Java and a Python that has a full PySpark: `make spark` makes one in `.venv-spark`, and
`PERENNIAL_SPARK_PYTHON` may name another. It computes in one process (`local[2]`), or, with
`PERENNIAL_SPARK_WORKERS=2`, on a standalone cluster: a master, so many workers, and executors of theirs.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

from perennial.local.ports import free_ports
from perennial.settings import REPOSITORY

TOKEN = "token-of-tests"
WORKERS = int(os.environ.get("PERENNIAL_SPARK_WORKERS", "0"))
"""How many processes of Apache Spark's compute; 0 is the server itself."""
HOST = "127.0.0.1"
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For processes of Java that start soon, and do little."""
PATIENCE = 300.0
"""Seconds for a server to start, on a machine that does much else."""


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
    with ExitStack() as stack:
        if engine == "sail":
            command, environment = _sail(port)
        else:
            master = stack.enter_context(_cluster(folder)) if WORKERS else "local[2]"
            command, environment = _java(port, folder, master)
        server = stack.enter_context(_process(engine, command, environment, folder))
        _wait(server, port, folder / f"{engine}.log")
        # A token over an open line is only sent to this very machine, by this name.
        yield f"sc://localhost:{port}" + (f"/;token={TOKEN}" if engine == "java" else "")


@contextmanager
def _cluster(folder: Path) -> Iterator[str]:
    """The URL of a master whose workers are there."""
    ports = free_ports({"master": None, "page": None})
    environment = _environment() | {"SPARK_DAEMON_MEMORY": "512m", "SPARK_DAEMON_JAVA_OPTS": QUICK}
    run, url = f"{_home()}/bin/spark-class org.apache.spark.deploy", f"spark://{HOST}:{ports['master']}"
    # A worker has twice what the server takes: a session in a process of its own finds room beside it.
    options = f"--host {HOST} --cores 2 --memory 2g --webui-port 0 --work-dir {folder}"
    worker = f"{run}.worker.Worker {options} {url}".split()
    options = f"--host {HOST} --port {ports['master']} --webui-port {ports['page']}"
    with ExitStack() as stack:
        command = f"{run}.master.Master {options}".split()
        master = stack.enter_context(_process("master", command, environment, folder))
        for number in range(WORKERS):
            stack.enter_context(_process(f"worker-{number}", worker, environment, folder))
        _wait(master, ports["page"], folder / "master.log")
        _wait_for_workers(f"http://{HOST}:{ports['page']}/json/")
        yield url


@contextmanager
def _process(
    name: str, command: list[str], environment: dict[str, str], folder: Path
) -> "Iterator[subprocess.Popen[bytes]]":
    with (folder / f"{name}.log").open("wb") as log:
        server = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=log, stderr=log, cwd=folder
        )
        try:
            yield server
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _sail(port: int) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "pysail", "spark", "server", "--port", str(port)], {"RUST_LOG": "warn"}


def _java(port: int, folder: Path, master: str) -> tuple[list[str], dict[str, str]]:
    settings = {
        "spark.connect.grpc.binding.address": HOST,
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
    }
    if WORKERS:
        settings |= {
            "spark.driver.host": HOST,
            "spark.cores.max": str(WORKERS),
            "spark.executor.cores": "1",
            "spark.executor.memory": "900m",
            "spark.executor.extraJavaOptions": QUICK,
            # Its page tells which process did how much.
            "spark.ui.enabled": "true",
            "spark.ui.port": str(free_ports({"page": None})["page"]),
        }
    command = [f"{_home()}/bin/spark-submit", "--master", master, "--driver-memory", "2g"]
    for name, value in settings.items():
        command += ["--conf", f"{name}={value}"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    return command, _environment() | {"SPARK_CONNECT_AUTHENTICATE_TOKEN": TOKEN}


@cache
def _home() -> str:
    code = "import pyspark; print(pyspark.__path__[0])"
    done = subprocess.run([spark_python(), "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    return {"SPARK_HOME": _home(), "SPARK_LOCAL_IP": HOST, "PYSPARK_PYTHON": str(spark_python())}


def _wait_for_workers(page: str) -> None:
    deadline, known = time.monotonic() + PATIENCE, 0
    while time.monotonic() < deadline:
        # At first the page is not there, or not all of it.
        with suppress(OSError, ValueError), urllib.request.urlopen(page) as answer:
            known = json.load(answer)["aliveworkers"]
        if known == WORKERS:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{known} of {WORKERS} workers have come")


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
