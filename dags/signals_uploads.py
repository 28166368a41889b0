"""# Uploaded signals

Takes the batches that source systems have uploaded through the collector's API and completed: one task a
batch. A batch is in the lake as a whole, or not at all; its page under **Perennial, Signals** says which, and
why. Batches that were begun and never completed are given up after a day.
"""

from airflow.sdk import DAG, CronTriggerTimetable

from perennial.operators import params
from perennial.operators.assets import UPLOADS
from perennial.operators.retries import DEFAULT_ARGS
from perennial.operators.signals import FindUploadsOperator, IngestUploadOperator

with DAG(
    "signals_uploads",
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "signals"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={"accept_breach": params.accept_batches()},
):
    find = FindUploadsOperator(task_id="find", asset=UPLOADS)
    IngestUploadOperator.partial(
        task_id="ingest", asset=UPLOADS, outlets=[UPLOADS], map_index_template="{{ task.batch }}"
    ).expand(batch=find.output)
