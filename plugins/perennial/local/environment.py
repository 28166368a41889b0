"""The environment of a stack's processes: state and credentials in, variables out; nothing else happens.

Everything that makes Airflow behave as Perennial wants it on one machine stands here.
"""

import json
from collections.abc import Mapping

from perennial.local import credentials, databases, theme
from perennial.local.credentials import Credentials
from perennial.local.ports import LOOPBACK
from perennial.local.state import FOLDER_VARIABLE, INCLUDE_VARIABLE, State
from perennial.settings import REPOSITORY

STACK_VARIABLE = "PERENNIAL_STACK"
"""Marks the processes of a stack, and is never given to a person's shell: `down` ends whatever carries it."""
OURS = ("AIRFLOW_", "PERENNIAL_", "PYTHONPATH")


def environment(state: State, secret: Credentials) -> dict[str, str]:
    """Variables for every process of the stack, and for a shell that wants to talk to it."""
    return {
        "PYTHONPATH": str(REPOSITORY / "plugins"),
        **_perennial(state, secret),
        **{f"AIRFLOW__{name.upper()}": value for name, value in _airflow(state, secret).items()},
        "AIRFLOW_HOME": str(state.airflow_home),
        **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(c) for name, c in _connections(state, secret).items()},
    }


def process_environment(state: State, secret: Credentials, inherited: Mapping[str, str]) -> dict[str, str]:
    """`environment` on top of the inherited variables, less those that would change Airflow or Perennial."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(OURS)}
    return {**kept, **environment(state, secret), STACK_VARIABLE: str(state.folder)}


def airflow_url(state: State) -> str:
    """Where the UI and the REST API answer."""
    return f"http://{LOOPBACK}:{state.ports['airflow']}"


def sandbox_url(state: State) -> str:
    """Where the stand-in ESP answers."""
    return f"http://{LOOPBACK}:{state.ports['sandbox']}"


def collector_url(state: State) -> str:
    """Where messages, files and webhooks are taken."""
    return f"http://{LOOPBACK}:{state.ports['collector']}"


def store_url(state: State, role: str, password: str) -> str:
    """A PostgreSQL URL of the store."""
    return f"postgresql://{role}:{password}@{LOOPBACK}:{state.ports['postgres']}/{databases.STORE}"


def _perennial(state: State, secret: Credentials) -> dict[str, str]:
    return {
        FOLDER_VARIABLE: str(state.folder),
        INCLUDE_VARIABLE: str(state.include),
        "PERENNIAL_LANDING": str(state.landing),
        "PERENNIAL_COLLECTOR_PORT": str(state.ports["collector"]),
        "PERENNIAL_COLLECTOR_URL": collector_url(state),
        "PERENNIAL_COLLECTOR_TOKENS": str(credentials.collector_tokens(state.folder)),
        "PERENNIAL_SANDBOX_PORT": str(state.ports["sandbox"]),
        "PERENNIAL_SANDBOX_WEBHOOK_URL": f"{collector_url(state)}/webhooks/sendgrid",
        "PERENNIAL_SANDBOX_API_KEY": secret.sandbox_api_key,
        "PERENNIAL_SANDBOX_PRIVATE_KEY": str(credentials.webhook_private_key(state.folder)),
        "PERENNIAL_SENDGRID_WEBHOOK_KEY": secret.webhook_public_key,
        "PERENNIAL_TRACKING_KEY": secret.tracking_key,
    }


def _airflow(state: State, secret: Credentials) -> dict[str, str]:
    database = (
        f"{databases.OWNER}:{secret.owner_password}@{LOOPBACK}:{state.ports['postgres']}/{databases.AIRFLOW}"
    )
    return {
        "core__dags_folder": str(REPOSITORY / "dags"),
        "core__plugins_folder": str(REPOSITORY / "plugins"),
        "core__load_examples": "False",
        "core__executor": "LocalExecutor",
        "core__parallelism": "4",
        "core__fernet_key": secret.fernet_key,
        "core__execution_api_server_url": f"{airflow_url(state)}/execution/",
        # Cron Dags do not run on being created: without a start date they wait for their next time.
        "core__dags_are_paused_at_creation": "False",
        "scheduler__catchup_by_default": "False",
        "core__min_serialized_dag_update_interval": "5",
        # Looking up the fully qualified name can wait for a name server that is not there.
        "core__hostname_callable": "socket.gethostname",
        "core__simple_auth_manager_users": "admin:admin,viewer:viewer",
        "core__simple_auth_manager_passwords_file": str(credentials.airflow_passwords(state.folder)),
        "database__sql_alchemy_conn": f"postgresql+psycopg2://{database}",
        "database__sql_alchemy_conn_async": f"postgresql+asyncpg://{database}",
        "api__host": LOOPBACK,
        "api__port": str(state.ports["airflow"]),
        "api__base_url": airflow_url(state),
        "api__workers": "1",
        "api__secret_key": secret.api_secret_key,
        "api__instance_name": "Perennial",
        "api__theme": json.dumps(theme.THEME),
        "api_auth__jwt_secret": secret.jwt_secret,
        # Nearly all of a short task's latency is the scheduler's sleep.
        "scheduler__scheduler_idle_sleep_time": "0.1",
        # A task that has ended holds its slot until its supervisor looks again, at the next heartbeat.
        "workers__min_heartbeat_interval": "1",
        "dag_processor__refresh_interval": "10",
        "dag_processor__min_file_process_interval": "15",
        "logging__colored_console_log": "False",
    }


def _connections(state: State, secret: Credentials) -> dict[str, dict[str, object]]:
    store = {
        "conn_type": "postgres",
        "host": LOOPBACK,
        "port": state.ports["postgres"],
        "schema": databases.STORE,
    }
    return {
        "perennial_store": {**store, "login": databases.OWNER, "password": secret.owner_password},
        "perennial_store_reader": {**store, "login": databases.READER, "password": secret.reader_password},
        "sendgrid_default": {
            "conn_type": "sendgrid",
            "host": sandbox_url(state),
            "password": secret.sandbox_api_key,
            "extra": {"webhook_public_key": secret.webhook_public_key},
        },
    }
