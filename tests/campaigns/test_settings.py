"""What is not configured is told before anything is sent."""

import pytest

from perennial.campaigns.settings import CampaignSettings, NotConfiguredError


@pytest.mark.parametrize(
    "url", ["https://mail.example.com/", "http://localhost:8026", "http://127.0.0.1:8026"]
)
def test_addresses_that_recipients_can_use(url: str) -> None:
    assert CampaignSettings(url=url).base == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["", "mail.example.com", "http://mail.example.com", "https://", "ftp://x.example"]
)
def test_others_are_refused(url: str) -> None:
    with pytest.raises(NotConfiguredError, match="PERENNIAL_COLLECTOR_URL: expected"):
        _ = CampaignSettings(url=url).base


def test_without_a_key_there_are_no_links() -> None:
    with pytest.raises(NotConfiguredError, match="PERENNIAL_TRACKING_KEY is not set"):
        _ = CampaignSettings().signer
    assert CampaignSettings().bounces is None
