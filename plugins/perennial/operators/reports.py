"""The operator of reports: a document and the store in, an e-mail with a dashboard on its way out."""

from datetime import date
from typing import Any

from airflow.configuration import conf
from airflow.sdk import Asset, BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from perennial.errors import TerminalError
from perennial.operators.context import day as parsed
from perennial.operators.context import refuse_unknown_keys
from perennial.operators.lineage import TellsLineage
from perennial.operators.stage import store_url
from perennial.settings import Settings


class SendReportOperator(TellsLineage, BaseOperator):
    """Draw a dashboard and send it; skipped where the report is for other times.

    Other recipients in the form are a trial, which is always sent.

    :param report: the name of a document in `include/reports`
    :param asset: what says that it was sent
    """

    PERSONAL = True

    def __init__(self, *, report: str, asset: Asset, **kwargs: Any) -> None:
        super().__init__(**{"outlets": [asset], **kwargs})
        self.report = report
        self.asset = asset

    def execute(self, context: Context) -> dict[str, Any]:
        from perennial.documents import load
        from perennial.hooks.mail import MailHook
        from perennial.web.reports import Report, refuse_strangers

        refuse_unknown_keys(context)
        params = context.get("params") or {}
        settings = Settings.from_env()
        report = load(settings.include / "reports" / f"{self.report}.yaml", Report)
        recipients = tuple(params.get("recipients") or report.recipients)
        refuse_strangers(recipients, settings.report_domains)
        wanted = parsed(str(params["day"]), "day") if params.get("day") else None
        trial = bool(params.get("recipients"))
        message, shown = _composed(settings, report, recipients, wanted, trial)
        MailHook(report.connection).send(message)
        counts = {"day": shown.isoformat(), "recipients": len(recipients), "bytes": len(bytes(message))}
        self.log.info("sent: %s", counts)
        context["outlet_events"][self.asset].extra = counts
        return counts


def _composed(
    settings: Settings, report: Any, recipients: tuple[str, ...], wanted: date | None, trial: bool
) -> Any:
    from perennial.web.dashboards_kept import Shelf
    from perennial.web.days import days_of
    from perennial.web.printing import facts, printed
    from perennial.web.report_mail import mail
    from perennial.web.selections import select
    from perennial.web.state import Library
    from perennial.web.store import Store

    shelf, store = Shelf(store_url), Store(lambda: store_url("perennial_store_reader"), timeout_s=60)
    try:
        if (dashboard := Library(settings.include, shelf).find(report.dashboard)) is None:
            raise TerminalError(f"report {report.name}: there is no dashboard {report.dashboard}")
        if unknown := set(report.filters) - {one.name for one in dashboard.filters}:
            known = ", ".join(one.name for one in dashboard.filters) or "none"
            said = f"unknown filter {', '.join(sorted(unknown))}; the dashboard has {known}"
            raise TerminalError(f"report {report.name}: {said}")
        days = days_of(dashboard, store, wanted, report.period)
        if not days.available:
            raise TerminalError(f"report {report.name}: the dashboard {dashboard.name} has no day yet")
        selection = select(dashboard, days.shown, report.period, report.filters, days.upon)
        if report.when and not trial:
            _skip_unless_met(report, dashboard, selection, store)
        files = printed(dashboard, selection, store, ("pdf", "png"))
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        link = f"{base}/plugin/perennial/perennial/dashboards/{dashboard.name}" if base else ""
        said = facts(dashboard, selection, store)
        return mail(report, days.shown, said, files["png"], files["pdf"], recipients, link), days.shown
    finally:
        shelf.close()
        store.close()


def _skip_unless_met(report: Any, dashboard: Any, selection: Any, store: Any) -> None:
    from perennial.web.results import figure

    when = report.when
    if (widget := next((one for one in dashboard.widgets if one.id == when.widget), None)) is None:
        raise TerminalError(f"report {report.name}: when: {dashboard.name} has no widget {when.widget}")
    value = figure(widget, selection, store)
    if not when.met(value):
        found = "has no value" if value is None else f"is {value:g}"
        raise AirflowSkipException(f"not sent: {widget.title} {found}, and not {when}")
