"""# Signals of the stream

Lands the messages that the collector has received: good ones in the lake, each once, bad ones in the
quarantine with their reasons. Runs when messages have come, and every hour in any case; set
`PERENNIAL_STREAM_SCHEDULE` (five fields of cron, UTC) for another rhythm.

Then people enter and leave the audiences that are evaluated as events come, also because time has passed.

A run that is killed leaves either all of a micro-batch or nothing of it, and the next one goes on from there.
"""

import os

from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable

from perennial.operators.assets import GROUP, LIVE_AUDIENCES, STREAM
from perennial.operators.retries import DEFAULT_ARGS
from perennial.operators.signals import LandStreamOperator
from perennial.operators.streaming import QualifyOperator
from perennial.triggers.messages import MessagesTrigger

INBOX = Asset(
    name="perennial/inbox",
    uri="perennial://inbox",
    group=GROUP,
    watchers=[AssetWatcher(name="messages", trigger=MessagesTrigger())],
)

with DAG(
    "signals_stream",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable(
            os.environ.get("PERENNIAL_STREAM_SCHEDULE", "@hourly"), timezone="UTC"
        ),
        assets=[INBOX],
    ),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "signals"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
):
    land = LandStreamOperator(task_id="land", asset=STREAM)
    land >> QualifyOperator(task_id="qualify", asset=LIVE_AUDIENCES)
