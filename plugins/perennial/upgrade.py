"""`python -m perennial.upgrade`: the store and the lake as an older release left them in, up to date out.

It can be run again, and interrupted. Nothing else may write meanwhile.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence

import psycopg

from perennial import store_schemas
from perennial.activation import ledger as activation
from perennial.alerts import outbox as alerts
from perennial.campaigns import ledger as campaigns
from perennial.errors import PerennialError
from perennial.lake import upgrade as lake
from perennial.queries import executions as queries
from perennial.settings import Settings
from perennial.stages import privacy
from perennial.web import dashboards_kept as dashboards


def schemas() -> Mapping[str, Sequence[str]]:
    """The SQL of each schema of the store that has a version."""
    return {
        "activation": [path.read_text("utf-8") for path in activation.SCHEMA],
        "alerts": [alerts.SCHEMA.read_text("utf-8")],
        "campaigns": [campaigns.SCHEMA.read_text("utf-8")],
        "dashboards": [dashboards.SCHEMA],
        "privacy": [privacy.TABLES.read_text("utf-8")],
        "queries": [queries.SCHEMA],
    }


def store(url: str, *, check: bool = False) -> list[str]:
    """Bring all schemas of the store up to date; returns a line for each that was not. With `check`, only
    that.
    """
    with psycopg.connect(url) as connection:
        before = store_schemas.versions(connection)
        for name, tables in schemas().items():
            store_schemas.migrate(connection, name, *tables)
        if check:
            connection.rollback()
    return [
        f"store, {name}: version {before.get(name, 0)} -> {wanted}"
        for name, wanted in store_schemas.VERSIONS.items()
        if before.get(name, 0) != wanted
    ]


def main(arguments: list[str]) -> int:
    """Say what was done; 1 if something is to be done and was only checked, or cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m perennial.upgrade", description=__doc__)
    parser.add_argument("--check", action="store_true", help="say what is to be done, and change nothing")
    parser.add_argument("--store", help="the store's PostgreSQL URL; by default Airflow's connection says it")
    given = parser.parse_args(arguments)
    root = Settings.from_env().lake
    try:
        said = store(given.store or _store_url(), check=given.check)
        steps = lake.wanted(root) if given.check else lake.upgrade(root)
    except (PerennialError, psycopg.Error) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    said += [f"lake: {step}" for step in steps]
    print("\n".join(said) or "Everything is up to date.")
    return 1 if given.check and said else 0


def _store_url() -> str:
    from perennial.operators.stage import store_url

    return store_url()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
