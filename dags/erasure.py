"""# Erasure of a person

Removes all that is known of a person, by one of their identities: all others that belong to it are found
first. Rows leave the lake's tables with their history, the quarantine, and the store's ledgers; what the
person did before the request is refused from then on, should it be delivered again. The run returns a
certificate of what was removed and of what expires when, which names nobody; it is kept in the lake's table
`privacy/certificates`. Snapshots of the tables that held rows of the person can no longer be read.

**Begin with a dry run**, as the form does: it counts and changes nothing. A run that was interrupted is
continued when its task is run again.

The identity appears neither in logs nor in XCom. Airflow keeps the form's fields with the run, though: give
the SHA-256 in place of the value, or delete the run afterwards. For an e-mail address, in lower case:
`printf %s name@example.com | sha256sum`. A phone number is found however it is written where; its SHA-256 is
that of E.164.

Who asked, when, and how many rows of which tables were removed stands on the page **People, Requests**.
"""

from airflow.sdk import DAG, Param

from perennial.operators import params
from perennial.operators.assets import ERASURES
from perennial.operators.erasure import ErasePersonOperator
from perennial.operators.retries import DEFAULT_ARGS
from perennial.settings import Settings

with DAG(
    "erasure",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "privacy"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        **params.of_person(Settings.from_env().include),
        "dry_run": Param(
            True, type="boolean", title="Dry run", description="Count what would be removed; change nothing."
        ),
    },
):
    ErasePersonOperator(task_id="erase", asset=ERASURES)
