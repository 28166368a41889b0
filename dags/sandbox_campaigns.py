"""# Campaigns in the sandbox

Plays the marketer's part in the demo: once a day's audiences have arrived in the sandbox ESP, sends the
campaigns of `include/sandbox/campaigns.yaml` that are due the next morning. There is no such Dag where there
is no sandbox.
"""

import os

from airflow.sdk import DAG, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import SENT, activation
from perennial.operators.retries import DEFAULT_ARGS
from perennial.operators.sandbox import SendSandboxCampaignsOperator

if "PERENNIAL_SANDBOX_PORT" in os.environ:
    with DAG(
        "sandbox_campaigns",
        schedule=PartitionedAssetTimetable(assets=activation("email")),
        catchup=False,
        doc_md=__doc__,
        tags=["perennial", "sandbox"],
        default_args=DEFAULT_ARGS,
        max_active_runs=1,
        params={"as_of": params.as_of()},
    ):
        SendSandboxCampaignsOperator(task_id="send", activation="email", asset=SENT)
