"""# Responses

Every hour, takes in what recipients did with their e-mails, as the provider's webhooks told the collector:
each event once, in the lake; then refreshes the facts of the days that the events touch, late ones included.

Beside it, asks those providers that have to be asked, of the accounts that activations name. What they tell
is in the lake at once, and in the facts with the next refresh; a provider that does not answer keeps nothing
else waiting. What a provider works on for long is waited for without a worker, and left to the next run after
half an hour.
"""

from airflow.sdk import DAG, CronTriggerTimetable

from perennial.operators.assets import INSIGHTS, RESPONSES
from perennial.operators.compute import RefreshInsightsOperator
from perennial.operators.responses import AskProvidersOperator, LandResponsesOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "responses",
    schedule=CronTriggerTimetable("@hourly", timezone="UTC"),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "responses"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
):
    land = LandResponsesOperator(task_id="land", asset=RESPONSES)
    land >> RefreshInsightsOperator(task_id="refresh", process="responses", asset=INSIGHTS)
    AskProvidersOperator(task_id="ask", asset=RESPONSES)
