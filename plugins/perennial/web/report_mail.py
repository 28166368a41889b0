"""A printed dashboard in; an e-mail with its picture to be seen and its PDF to be kept out."""

from collections.abc import Sequence
from datetime import date
from email.message import EmailMessage
from email.utils import make_msgid
from html import escape

from perennial.web.formats import day_text
from perennial.web.reports import Report
from perennial.web.themes import FONT, THEMES

INK = THEMES["light"]


def mail(
    report: Report,
    day: date,
    facts: str,
    picture: bytes,
    pdf: bytes,
    recipients: Sequence[str],
    link: str = "",
) -> EmailMessage:
    """The message, without a sender.

    :param facts: the day, the period and the filters, as the PDF says them
    :param picture: the dashboard as PNG
    :param pdf: the same as PDF
    :param link: the dashboard's address, if it has one
    """
    message = EmailMessage()
    message["Subject"] = f"{report.title}, {day_text(day)}"
    message["To"] = ", ".join(recipients)
    shown_as = make_msgid(domain="perennial")
    name = f"{report.dashboard}_{day}"
    shown = EmailMessage()
    shown.set_content(_html(report, facts, shown_as[1:-1], link), subtype="html")
    shown.add_related(picture, "image", "png", cid=shown_as, filename=f"{name}.png", disposition="inline")
    message.set_content(_plain(report, facts, link))
    message.make_alternative()
    message.attach(shown)
    message.add_attachment(pdf, "application", "pdf", filename=f"{name}.pdf")
    return message


def _plain(report: Report, facts: str, link: str) -> str:
    parts = [report.title, facts, report.description, "The dashboard is attached as a PDF.", link]
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(report: Report, facts: str, picture: str, link: str) -> str:
    said = f'<p style="margin:0 0 12px">{escape(report.description)}</p>' if report.description else ""
    opened = (
        f'<a href="{escape(link)}" style="color:{INK.accent_text}">Open the dashboard</a>' if link else ""
    )
    image = (
        f'<img src="cid:{picture}" alt="The dashboard; the attached PDF has it as text" width="900"'
        f' style="max-width:100%;height:auto;border:1px solid {INK.line};border-radius:8px">'
    )
    return (
        f'<!doctype html><html lang="en"><body style="margin:0;padding:20px;background:{INK.page};'
        f'color:{INK.text};font:14px/1.5 {escape(FONT.replace(chr(34), chr(39)))}">'
        f'<h1 style="margin:0 0 4px;font-size:20px">{escape(report.title)}</h1>'
        f'<p style="margin:0 0 12px;color:{INK.muted}">{escape(facts)}</p>{said}'
        f'<p style="margin:0 0 12px">{image}</p><p>{opened}</p></body></html>'
    )
