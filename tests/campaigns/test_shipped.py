"""The campaigns that come with the project can be read, and make e-mails for whoever they are sent to."""

from pathlib import Path

import polars as pl
import pytest
from campaigns.documents import BASE, MARK, NOW, SIGNER

from perennial.campaigns.definition import Campaign
from perennial.campaigns.message import Composer
from perennial.campaigns.recipients import recipients, values
from perennial.campaigns.rendering import Templates
from perennial.documents import load
from perennial.settings import REPOSITORY

FOLDER = REPOSITORY / "include" / "campaigns"
PROFILES = pl.LazyFrame(
    {
        "person_id": ["1", "2"],
        "email": ["household.1@example.com", "household.2@example.com"],
        "spend_12m_decile": [1, None],
        "department.spend_12m_decile": [[{"key": "DELI", "value": 2}], None],
    },
    schema_overrides={
        "department.spend_12m_decile": pl.List(pl.Struct({"key": pl.String, "value": pl.Int8}))
    },
)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_it_makes_its_e_mails_and_sends_none_in_the_demo(path: Path) -> None:
    campaign = load(path, Campaign)
    assert campaign.state == "draft"
    assert {*campaign.audiences} <= {each.stem for each in (REPOSITORY / "include/audiences").glob("*.yaml")}
    members = pl.LazyFrame({"audience": [campaign.audiences[0]] * 2, "person_id": ["1", "2"]})
    composer = Composer(campaign, Templates(FOLDER / "templates", campaign), SIGNER, BASE)
    made = [
        composer.compose(MARK, row["email"], values(row), NOW).content
        for row in recipients(campaign, members, PROFILES).rows.iter_rows(named=True)
    ]
    assert b"Subject: Thank you: your own prices for the week\r\n" in made[0]
    assert b"Subject: Your own prices for the week\r\n" in made[1]
    assert b"deli counter" in made[0]
    assert b"deli counter" not in made[1]
