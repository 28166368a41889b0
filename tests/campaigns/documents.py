"""A campaign as a document with its templates, and recipients of it."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from perennial.campaigns.definition import Campaign
from perennial.campaigns.message import Composer
from perennial.campaigns.recipients import Recipients
from perennial.campaigns.rendering import Templates
from perennial.campaigns.tokens import Mark, Signer
from perennial.identity.values import sha256

KEY = "k" * 32
SIGNER = Signer.of(KEY)
BASE = "https://mail.example.com"
NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
AS_OF = date(2026, 1, 5)
MARK = Mark("0198aabb-ccdd-7eee-8fff-001122334455", "thanks", "best", AS_OF, "ab" * 32)
DOCUMENT = {
    "name": "thanks",
    "title": "Thank you",
    "state": "active",
    "audiences": ["best", "lapsing"],
    "from": "Our shop <shop@example.com>",
    "subject": "Thank you, {{ first_name }}",
    "template": "thanks",
    "fields": {"first_name": {"attribute": "first_name", "default": "neighbour"}},
    "start": "2026-01-05 09:00",
}
HTML = """<html><body>
<p>Dear {{ first_name }},</p>
<a class="b" href="https://shop.example.com/a?b=1&amp;c=2">See</a>
<a href="{{ unsubscribe_url }}">Unsubscribe</a>
</body></html>
"""
TEXT = "Dear {{ first_name }}, see https://shop.example.com/a?b=1&c=2\nUnsubscribe: {{ unsubscribe_url }}\n"


def campaign(**changes) -> Campaign:
    return Campaign.model_validate({**DOCUMENT, **changes})


def templates(folder: Path, html: str = HTML, text: str = TEXT, **changes) -> Templates:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "thanks.html").write_text(html)
    (folder / "thanks.txt").write_text(text)
    return Templates(folder, campaign(**changes))


def composer(folder: Path, **changes) -> Composer:
    return Composer(campaign(**changes), templates(folder, **changes), SIGNER, BASE)


def people(*names: str) -> Recipients:
    """Of each name, a person of that id with an address and a first name."""
    rows = pl.DataFrame({"person_id": names}, schema={"person_id": pl.String}).with_columns(
        pl.format("{}@example.com", "person_id").alias("email"),
        pl.col("person_id").str.to_titlecase().alias("field:first_name"),
        pl.lit("best").alias("audience"),
    )
    return Recipients(rows.with_columns(sha256(pl.col("email")).alias("email_sha256")), 0, 0)
