"""Reports: documents that say who gets which dashboard, and e-mails that carry it."""

from datetime import date
from pathlib import Path

import pytest

from perennial.documents import DocumentError
from perennial.settings import REPOSITORY
from perennial.web.dashboards import Dashboard
from perennial.web.report_mail import mail
from perennial.web.reports import RecipientRefused, Report, load_reports, refuse_strangers

GOOD = "title: T\ndashboard: sales\nschedule: 0 7 * * 1\nrecipients: [ann@example.com]\n"
PICTURE, PDF = b"\x89PNG picture", b"%PDF pages"


def test_the_products_reports_are_of_dashboards_and_filters_that_there_are(
    dashboards: dict[str, Dashboard],
) -> None:
    found = load_reports(REPOSITORY / "include")
    assert found
    for report in found.values():
        assert isinstance(report, Report)
        board = dashboards[report.dashboard]
        assert report.filters.keys() <= {one.name for one in board.filters}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("0 7 * * 1", "mondays"), "schedule: String should match"),
        (("[ann@example.com]", "[]"), "recipients: Tuple should have at least 1"),
        (("ann@example.com", "'ann@example.com\\nBcc: all@x.org'"), "recipients.0: String should match"),
        (("title: T", "title: T\ntimezone: Mars"), "unknown time zone"),
        (("title: T", "title: T\nweekly: true"), "weekly: Extra inputs"),
        (("title: T", "title: T\nwhen: {widget: spend}"), "when: Value error, say `above` or `below`"),
    ],
)
def test_a_mistake_is_explained_and_stops_no_other_report(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "bad.yaml").write_text(GOOD.replace(*change))
    (tmp_path / "reports" / "good.yaml").write_text(GOOD)
    found = load_reports(tmp_path)
    assert isinstance(found["bad"], DocumentError)
    assert said in str(found["bad"])
    assert isinstance(found["good"], Report)


def test_a_report_names_a_month_and_several_values_of_a_filter(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    text = GOOD + "period: last_month\nfilters: {department: [MEAT, DELI]}\n"
    (tmp_path / "reports" / "month.yaml").write_text(text)
    report = load_reports(tmp_path)["month"]
    assert isinstance(report, Report)
    assert report.period == "last_month"
    assert report.filters == {"department": ("MEAT", "DELI")}


def test_domains_limit_who_gets_reports() -> None:
    refuse_strangers(["ann@Example.com"], {"example.com"})
    refuse_strangers(["ann@anywhere.org"], set())
    for address in ("ann@example.com.evil.org", "ann@notexample.com"):
        with pytest.raises(
            RecipientRefused, match=r"may not go to .*; PERENNIAL_REPORT_DOMAINS allows example"
        ):
            refuse_strangers(["bob@example.com", address], {"example.com"})


def test_an_email_shows_the_picture_and_carries_the_pdf() -> None:
    report = Report.model_validate(
        {"name": "r", "title": "Sales <b>", "description": "What & why", "dashboard": "sales",
         "schedule": "@weekly", "recipients": ["ann@example.com"]}
    )  # fmt: skip
    message = mail(
        report,
        date(2017, 12, 31),
        "As of 31 Dec 2017",
        PICTURE,
        PDF,
        report.recipients,
        "https://x/y?a=1&b=2",
    )
    assert message["subject"] == "Sales <b>, 31 Dec 2017"
    assert message["to"] == "ann@example.com"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "What & why" in plain.get_content()
    assert "https://x/y?a=1&b=2" in plain.get_content()
    text = html.get_content()
    assert "Sales &lt;b&gt;" in text
    assert "What &amp; why" in text
    parts = {part.get_content_type(): part for part in message.walk()}
    assert f'src="cid:{parts["image/png"]["content-id"][1:-1]}"' in text
    assert parts["image/png"].get_content() == PICTURE
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "sales_2017-12-31.pdf"
    assert attached.get_content() == PDF
