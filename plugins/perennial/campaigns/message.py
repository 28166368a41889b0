"""A recipient, what they read, and the signer in; the e-mail as it goes over the wire, out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any

from perennial.campaigns.definition import Campaign
from perennial.campaigns.links import rewritten, with_pixel
from perennial.campaigns.rendering import Templates
from perennial.campaigns.tokens import Mark, Signer

POLICY = SMTP.clone(cte_type="7bit")
"""Any mail server takes it."""

ONE_CLICK = "List-Unsubscribe: <{}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
"""RFC 8058: with both, a mail program unsubscribes with one POST. The mail server has to sign both (DKIM)."""


@dataclass(frozen=True)
class Envelope:
    """What the mail server is given."""

    sender: str
    recipient: str
    reference: str
    content: bytes


@dataclass(frozen=True)
class Composer:
    """Makes the e-mails of one campaign."""

    campaign: Campaign
    templates: Templates
    signer: Signer
    base: str
    """The collector's address, as recipients reach it."""

    def compose(self, mark: Mark, address: str, fields: Mapping[str, Any], now: datetime) -> Envelope:
        """The e-mail to one person; raises `TemplateError`."""
        unsubscribe = self._url("u", self.signer.token("unsubscribe", mark))
        content = self.templates.render(fields, unsubscribe)
        reference = self.signer.reference(mark.message_id)
        message = EmailMessage(policy=POLICY)
        message["From"] = self.campaign.sender
        message["To"] = address
        if self.campaign.reply_to:
            message["Reply-To"] = self.campaign.reply_to
        message["Subject"] = content.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{reference}@{parseaddr(self.campaign.sender)[1].rpartition('@')[2]}>"
        message.set_content(content.text)
        message.add_alternative(self._tracked(content.html, mark), subtype="html")
        # Python would break a long URL in two, and take its parts for encoded words.
        whole = ONE_CLICK.format(unsubscribe).encode() + message.as_bytes()
        return Envelope(self.campaign.envelope_sender(reference), address, reference, whole)

    def _tracked(self, html: str, mark: Mark) -> str:
        tracking = self.campaign.tracking
        if tracking.clicks:
            html = rewritten(html, lambda url: self._link(url, mark))
        return with_pixel(html, self._url("o", self.signer.token("open", mark))) if tracking.opens else html

    def _link(self, url: str, mark: Mark) -> str | None:
        # The link to unsubscribe is ours already.
        return None if url.startswith(self.base) else self._url("c", self.signer.token("click", mark, url))

    def _url(self, kind: str, token: str) -> str:
        return f"{self.base}/{kind}/{token}"
