"""# Campaigns

Every ten minutes, sends the campaigns of `include/campaigns` that are due, over their SMTP connections, to
the members of their audiences as of the newest day: each person once, and nobody who unsubscribed,
complained, or cannot be reached. Before that, it reads what mail servers have reported of messages that
could not be delivered.

A message is recorded before the mail server is given it, and after. Where a run ends in between, it is not
known whether that message was sent: it is counted as in doubt, and sent again only when this Dag is
triggered with the campaign and *Replay*.

Paused until somebody unpauses it: nothing is mailed by accident. A dry run of a campaign counts its
recipients and makes every e-mail without sending it, drafts and those that are not due included.
"""

from airflow.sdk import DAG, CronTriggerTimetable

from perennial.operators import params
from perennial.operators.assets import BOUNCES, CAMPAIGNS
from perennial.operators.campaigns import ReadBouncesOperator, SendCampaignsOperator
from perennial.operators.retries import DEFAULT_ARGS
from perennial.settings import Settings

with DAG(
    "campaigns",
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    catchup=False,
    is_paused_upon_creation=True,
    doc_md=__doc__,
    tags=["perennial", "campaigns"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params=params.of_campaigns(Settings.from_env().include),
):
    read = ReadBouncesOperator(task_id="read_bounces", asset=BOUNCES)
    read >> SendCampaignsOperator(task_id="send", asset=CAMPAIGNS)
