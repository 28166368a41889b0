"""The deployment runs: its init job, its services, their health checks, and one task on a Celery worker."""

import base64
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests
from compose_processes import ONE_SHOT, Deployment, running

from perennial.local.airflow_api import FINISHED, AirflowApi, Run
from perennial.local.credentials import key_pair
from perennial.local.ports import LOOPBACK

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]

VARIABLES = {
    "POSTGRES_PASSWORD": "postgres-of-tests",
    "STORE_PASSWORD": "store-of-tests",
    "STORE_READER_PASSWORD": "reader-of-tests",
    "REDIS_PASSWORD": "redis-of-tests",
    "ADMIN_PASSWORD": "admin-of-tests",
    "AIRFLOW_FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
    "AIRFLOW_JWT_SECRET": os.urandom(32).hex(),
    "AIRFLOW_SECRET_KEY": os.urandom(32).hex(),
    "SENDGRID_API_KEY": "SG.key-of-tests",
    "SENDGRID_WEBHOOK_KEY": "",
    "TRACKING_KEY": os.urandom(32).hex(),
    "WORKER_CONCURRENCY": "1",
}
DAG = """
from airflow.sdk import DAG, task

with DAG("on_celery", schedule=None):
    @task
    def store():
        from airflow.sdk import BaseHook
        return BaseHook.get_connection("perennial_store").schema
    store()

with DAG("fails", schedule=None):
    @task
    def refuse():
        raise ValueError("the reason that a person must see")
    refuse()
"""


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """All services of the file, up and healthy."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-compose-"))
    folder.chmod(0o755)
    for inner in ("dags", "data"):
        (folder / inner).mkdir()
    (folder / "dags" / "on_celery.py").write_text(DAG)
    try:
        with running(folder, {**VARIABLES, "SENDGRID_WEBHOOK_KEY": key_pair()[1]}, 150) as (placed, _):
            yield placed
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def api(deployment: Deployment) -> AirflowApi:
    """The deployment's Airflow, as soon as it knows the Dags."""
    api = AirflowApi(f"http://{LOOPBACK}:{deployment.ports['8080']}", "admin", VARIABLES["ADMIN_PASSWORD"])
    deadline = time.monotonic() + 60
    while api.dag_ids() != {"on_celery", "fails"}:
        assert time.monotonic() < deadline, api.import_errors() or deployment.tail("dag-processor")
        time.sleep(0.3)
    return api


def finished(deployment: Deployment, api: AirflowApi, dag_id: str) -> Run:
    """Start a run and wait for its end."""
    run = api.trigger(dag_id, {})
    deadline = time.monotonic() + 60
    while run.state not in FINISHED:
        assert time.monotonic() < deadline, deployment.tail("worker")
        time.sleep(0.3)
        run = api.run(dag_id, run.run_id)
    return run


def test_an_anonymous_caller_is_refused(deployment: Deployment) -> None:
    url = f"http://{LOOPBACK}:{deployment.ports['8080']}/api/v2/dags"
    assert requests.get(url, timeout=10).status_code == 401


def test_dashboards_are_behind_the_deployments_own_login(deployment: Deployment, api: AirflowApi) -> None:
    url = f"http://{LOOPBACK}:{deployment.ports['8080']}/perennial/"
    assert requests.get(f"{url}api/dashboards", timeout=30).status_code == 401
    page = requests.get(url, headers={"accept": "text/html"}, timeout=30, allow_redirects=False)
    assert (page.status_code, "/auth/login" in page.headers["location"]) == (307, True)
    signed_in = api._session.get(f"{url}api/dashboards", timeout=30)
    assert {board["name"] for board in signed_in.json()} >= {"customer_value", "audiences"}


def test_one_dag_runs_on_the_celery_worker(deployment: Deployment, api: AirflowApi) -> None:
    run = finished(deployment, api, "on_celery")
    assert run.state == "success", api.failure(run)

    database = f"postgresql://perennial:{VARIABLES['STORE_PASSWORD']}@{LOOPBACK}:{deployment.ports['5432']}"
    with psycopg.connect(f"{database}/airflow") as connection:
        # Celery notes the end a little later than Airflow does; that it has a note at all is the point.
        (status,) = connection.execute("SELECT status FROM celery_taskmeta").fetchone() or (None,)
    assert status in ("STARTED", "SUCCESS")


def test_a_failure_names_the_task_and_its_reason(deployment: Deployment, api: AirflowApi) -> None:
    run = finished(deployment, api, "fails")
    assert run.state == "failed"
    told = api.failure(run)
    assert told.startswith("task refuse, attempt 1:")
    assert "ValueError: the reason that a person must see" in told


def test_the_store_is_ready_for_its_reader(deployment: Deployment) -> None:
    reader = f"postgresql://perennial_reader:{VARIABLES['STORE_READER_PASSWORD']}"
    with psycopg.connect(f"{reader}@{LOOPBACK}:{deployment.ports['5432']}/perennial") as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'insights'"
        ).fetchone() == (0,)


def test_init_can_run_again(deployment: Deployment) -> None:
    deployment.run(ONE_SHOT)
