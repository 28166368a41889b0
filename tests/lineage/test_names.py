"""Datasets are named as OpenLineage's own rules name them."""

from typing import Any

from openlineage.client.naming.dataset import GCS, S3, Kafka, LocalFileSystem, Postgres

from perennial.lineage.model import Dataset, lake
from perennial.lineage.names import Places

HERE = Places(
    {"lake": "/data/lake/", "landing": "s3://drop/in", "spool": "/data/spool", "exports": "/data/exports"},
    "postgresql://perennial:secret@db.example.com:6543/perennial",
)


def named(rule: Any) -> tuple[str, str]:
    return rule.get_namespace(), rule.get_name()


def test_folders_and_object_stores():
    assert HERE.named(lake("events/transactions")) == named(LocalFileSystem("/data/lake/events/transactions"))
    assert HERE.named(Dataset("landing", "orders/daily")) == named(S3("drop", "in/orders/daily"))
    assert HERE.named(Dataset("landing", "gs://other/orders")) == named(GCS("other", "orders"))
    assert HERE.named(Dataset("exports", "agency")) == named(LocalFileSystem("/data/exports/agency"))
    assert HERE.named(Dataset("stream", "app_events")) == named(LocalFileSystem("/data/spool/app_events"))


def test_the_store_without_its_credentials():
    found = HERE.named(Dataset("store", "insights.fact_rfm_segment"))
    assert found == named(Postgres("db.example.com", "6543", "perennial", "insights", "fact_rfm_segment"))


def test_topics_of_kafka():
    there = Places({}, brokers="kafka://one:9092,two:9092/shop?partitions=6")
    assert there.named(Dataset("stream", "app_events")) == named(Kafka("one", "9092", "shop.app_events"))


def test_destinations_by_their_kind_and_connection():
    assert HERE.named(Dataset("elsewhere", "sendgrid://sendgrid_default/email")) == (
        "sendgrid://sendgrid_default",
        "email",
    )
    assert HERE.named(Dataset("elsewhere", "sftp://u:p@host/inbound/mail")) == ("sftp://host", "inbound/mail")
