"""A real `airflow api-server` on SQLite with our plugin: a home, a port and a store in, a URL out."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests

from perennial.settings import REPOSITORY, Settings

USERS = {"admin": "admin", "ursel": "user", "vic": "viewer"}
DEADLINE_S = 120
DAGS = """
from airflow.sdk import DAG, CronPartitionTimetable
daily = CronPartitionTimetable("0 0 * * *", timezone="UTC", key_format="%Y-%m-%d")
value = DAG("customer_value", schedule=daily)
audiences = DAG("audiences", schedule=None, params={"as_of": None})
activation = DAG("activation_email", schedule=None, params={"replay": None})
replay = DAG("signals_replay", schedule=None, params={"dataset": None, "ids": None})
recompute = DAG("recompute_days", schedule=None, params={"most": None})
"""


class AirflowServer:
    """The process, stopped with all its children."""

    def __init__(self, home: Path, port: int, store_url: str, owner_url: str = "") -> None:
        self.home, self.url = home, f"http://localhost:{port}"
        self.lake, self.include = home / "lake", home / "include"
        self.owner_url = owner_url
        self.environment = {
            **os.environ,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(map(":".join, USERS.items())),
            "AIRFLOW__API__HOST": "localhost",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API_AUTH__JWT_SECRET": "secret-of-tests-" * 4,
            "PERENNIAL_LAKE": str(self.lake),
            "PERENNIAL_INCLUDE": str(self.include),
            "AIRFLOW_CONN_PERENNIAL_STORE_READER": store_url,
            "AIRFLOW_CONN_PERENNIAL_STORE": owner_url or store_url,
            "PYTHONPATH": str(REPOSITORY / "plugins"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Settings:
        """What the server reads."""
        return Settings(self.include, str(self.lake), str(self.home), self.home / "spool")

    def start(self) -> None:
        """Create the database, start the server, and wait until it answers."""
        (self.home / "dags").mkdir()
        # Documents of its own: pages change them.
        shutil.copytree(REPOSITORY / "include", self.include)
        (self.home / "dags" / "dags.py").write_text(DAGS)
        passwords = self.home / "simple_auth_manager_passwords.json.generated"
        passwords.write_text(json.dumps({name: name for name in USERS}))
        for command in (("db", "migrate"), ("dags", "reserialize")):
            subprocess.run(self._command(*command), env=self.environment, check=True, capture_output=True)
        log = (self.home / "api-server.log").open("wb")
        self._process = subprocess.Popen(
            self._command("api-server"),
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                requests.get(f"{self.url}/api/v2/version", timeout=5)
                return
            except requests.ConnectionError:
                time.sleep(0.2)
        raise RuntimeError(
            f"the api-server did not start:\n{(self.home / 'api-server.log').read_text()[-4000:]}"
        )

    def stop(self) -> None:
        """End the server and its workers."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(timeout=30)

    def session(self, user: str | None = None) -> requests.Session:
        """An HTTP client, signed in as a user or anonymous."""
        session = requests.Session()
        if user:
            answer = session.post(
                f"{self.url}/auth/token", json={"username": user, "password": user}, timeout=30
            )
            answer.raise_for_status()
            session.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return session

    def run_python(self, code: str) -> str:
        """What a script prints, run with the server's own environment."""
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout

    def _command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).parent / "airflow"), *arguments]
