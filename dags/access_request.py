"""# Access request of a person

Puts all that is kept about a person into one ZIP file: their rows in every table of the lake, the quarantine
among them, and in the store, each table as a JSON file. All identities that belong to the one given are found
first, as an erasure finds them. The page **People, Requests** offers the file, to those who may trigger
this Dag, for as many days as the form says; then it is removed.

Make sure that whoever asks is the person before you hand it over. Who asked, when, how many rows of which
tables there were, and who fetched the file stands on the same page, without naming anybody.

The identity appears neither in logs nor in XCom. Airflow keeps the form's fields with the run, though: give
the SHA-256 in place of the value, or delete the run afterwards.
"""

from airflow.sdk import DAG, Param

from perennial.operators import params
from perennial.operators.access import AccessRequestOperator
from perennial.operators.assets import ACCESS_REQUESTS
from perennial.operators.retries import DEFAULT_ARGS
from perennial.settings import Settings

with DAG(
    "access_request",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "privacy"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        **params.of_person(Settings.from_env().include),
        "keep_days": Param(
            7,
            type="integer",
            minimum=1,
            maximum=30,
            title="Days",
            description="For how long the file can be fetched.",
        ),
    },
):
    AccessRequestOperator(task_id="collect", asset=ACCESS_REQUESTS)
