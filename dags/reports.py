"""# Reports

Each document of `include/reports` is a Dag, `report_<name>`: at its time it draws a dashboard, as of the
newest day that is there, and sends it by e-mail as a picture and as a PDF, over the connection that the
document names. Run it by hand to send an earlier day, or a trial to yourself.

Reports are paused until somebody unpauses them. A document that cannot be read becomes a Dag that says why,
and fails.
"""

from airflow.sdk import DAG, Asset, CronTriggerTimetable

from perennial.operators import params
from perennial.operators.assets import GROUP
from perennial.operators.reports import SendReportOperator
from perennial.operators.retries import DEFAULT_ARGS
from perennial.settings import Settings
from perennial.web.reports import Report, load_reports

for name, report in load_reports(Settings.from_env().include).items():
    asset = Asset(name=f"perennial/reports/{name}", uri=f"perennial://reports/{name}", group=GROUP)
    known = report if isinstance(report, Report) else None
    says = f"# {known.title}\n\nSends the dashboard {known.dashboard}." if known else "# This cannot be read"
    with DAG(
        f"report_{name}",
        schedule=CronTriggerTimetable(known.schedule, timezone=known.timezone) if known else None,
        catchup=False,
        is_paused_upon_creation=True,
        doc_md=f"{says}\n\n{known.description}" if known else f"{says}\n\n```\n{report}\n```",
        tags=["perennial", "report"] if known else ["perennial", "report", "broken"],
        default_args=DEFAULT_ARGS,
        max_active_runs=1,
        params=params.of_report(),
    ):
        SendReportOperator(task_id="send", report=name, asset=asset)
