"""Documents that name what is not there are answered with what is."""

import shutil
from pathlib import Path

import pytest

from perennial.documents import DocumentError
from perennial.settings import REPOSITORY, Settings
from perennial.stages.profiles import build_profiles
from perennial.stages.signals import ingest_batch
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.stages.workspace import Workspace

from .conftest import NOW
from .test_complete_journey import AS_OF


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    shutil.copytree(REPOSITORY / "include", tmp_path / "include")
    return Workspace(Settings(tmp_path / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path))


def test_an_unknown_dataset(workspace):
    with pytest.raises(
        DocumentError, match=r"no dataset orders; .*/datasets has \['app_events', 'campaign_households', "
    ):
        ingest_batch(workspace, "orders", None, NOW)


def test_a_second_profile_document(workspace):
    folder = workspace.settings.include / "profiles"
    shutil.copy(folder / "household.yaml", folder / "person.yaml")
    with pytest.raises(DocumentError, match=r"expected one document, or .* found \['household', 'person'\]"):
        build_profiles(workspace, AS_OF)


def test_a_dimension_that_would_find_several_records(workspace):
    document = workspace.settings.include / "value" / "customer_value.yaml"
    document.write_text(document.read_text().replace("by: product_id", "by: store_id"))
    with pytest.raises(
        DocumentError,
        match=r"dimension department looks up products by store_id; by must be the key .* is product_id",
    ):
        refresh_ledgers(workspace)
