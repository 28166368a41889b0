"""# Alerts

Every Dag tells how its runs go: the documents of `include/alerts` say which of them, what, and where to. A
notice is sent at once. What a webhook or a mail server did not take is sent again here, at growing intervals
for a day; then the page *Health* says that it did not arrive.
"""

from airflow.sdk import DAG, CronTriggerTimetable

from perennial.operators.alert_delivery import DeliverAlertsOperator
from perennial.operators.assets import ALERTS
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "alerts",
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "operations"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
):
    DeliverAlertsOperator(task_id="deliver", asset=ALERTS)
