"""The shape of the table of what recipients did with their e-mails."""

import polars as pl

EMAIL_EVENTS = pl.Schema(
    {
        "event_id": pl.String(),
        "event_type": pl.String(),
        "event_time": pl.Datetime("us", "UTC"),
        "event_date": pl.Date(),
        "provider": pl.String(),
        "send_id": pl.String(),
        "campaign_id": pl.String(),
        "campaign_name": pl.String(),
        "audience": pl.String(),
        "person_id": pl.String(),
        "email_sha256": pl.String(),
        "bounce_class": pl.String(),
        "is_machine": pl.Boolean(),
        "url": pl.String(),
        "sent_as_of": pl.Date(),
        "received_at": pl.Datetime("us", "UTC"),
        "bounce_reason": pl.String(),
        "domain": pl.String(),
    }
)
"""Responses of all providers, in one shape; a send is one message to one person.

`bounce_reason` is a provider's classification, or a mail server's status code: never its words, which may
name the address. `domain` is what follows the @ of it.
"""
