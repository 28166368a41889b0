"""The deployment's init job: the lake's store, databases and roles, Airflow's tables, pools, first user.

It connects to PostgreSQL with libpq's own variables (`PGHOST`, `PGUSER`, `PGPASSWORD`, ...). It can be run
again: it changes only what is missing, and sets the store roles' passwords to those of the environment.
"""

import os
import subprocess
import sys
from pathlib import Path

from perennial.lake.check import check
from perennial.lake.storage import is_remote
from perennial.local import databases
from perennial.settings import Settings

FROM_LIBPQ = ""
"""An empty connection string: everything comes from the variables."""
SECRETS = (
    "POSTGRES_PASSWORD",
    "STORE_PASSWORD",
    "STORE_READER_PASSWORD",
    "REDIS_PASSWORD",
    "ADMIN_PASSWORD",
    "AIRFLOW_FERNET_KEY",
    "AIRFLOW_JWT_SECRET",
    "AIRFLOW_SECRET_KEY",
    "SENDGRID_API_KEY",
    "SENDGRID_WEBHOOK_KEY",
    "TRACKING_KEY",
)
"""Compose starts nothing where one is empty. Kubernetes passes empty ones on, and this job looks at all."""


def main() -> None:
    """Each step in turn; the first that fails ends the job with its own message."""
    if empty := [name for name in SECRETS if os.environ.get(name) == ""]:
        raise SystemExit(f"nothing is prepared: {', '.join(empty)} without a value; see .env.example")
    look_at_lake(Settings.from_env().lake)
    passwords = databases.Passwords(os.environ["STORE_PASSWORD"], os.environ["STORE_READER_PASSWORD"])
    databases.prepare_roles(FROM_LIBPQ, passwords)
    databases.prepare_database(FROM_LIBPQ, databases.AIRFLOW)
    databases.prepare_store(FROM_LIBPQ)
    airflow("db", "migrate")
    airflow("pools", "import", str(Path(__file__).with_name("pools.json")))
    airflow(
        *(
            "users",
            "create",
            "--username",
            os.environ["ADMIN_USER"],
            "--password",
            os.environ["ADMIN_PASSWORD"],
        ),
        *(
            "--role",
            "Admin",
            "--email",
            os.environ["ADMIN_EMAIL"],
            "--firstname",
            "First",
            "--lastname",
            "Admin",
        ),
    )


def look_at_lake(root: str) -> None:
    """See that an object store is fit for a lake: some would lose commits without a word."""
    if is_remote(root):
        for remark in check(root):
            print(f"{root}: {remark}")


def airflow(*arguments: str) -> None:
    """One command of Airflow's; nothing of the superuser's is passed on to it, but how TLS is spoken is."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PG") or name.startswith("PGSSL")
    }
    subprocess.run([sys.executable, "-m", "airflow", *arguments], env=environment, check=True)


if __name__ == "__main__":
    main()
