"""What the how-to guides show is understood: documents by their models, commands by what they call."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from documented import FENCED, PAGES, Command, commands, documents, named

from perennial.activation.destinations.registry import kinds
from perennial.campaigns.definition import Campaign
from perennial.campaigns.rendering import Templates
from perennial.collector.__main__ import main
from perennial.documents import Document, load, load_kind
from perennial.insights.guided import Query
from perennial.schemas import KINDS
from perennial.settings import REPOSITORY
from perennial.stages.workspace import VALUE_KINDS
from perennial.web.dashboards import Dashboard, load_dashboards

GUIDES = [path for path in PAGES if path.parent.name == "how_to"]
DOCUMENTS = [(path, name, text) for path in GUIDES for name, text in documents(path).items()]
YAML = [(path, name, text) for path, name, text in DOCUMENTS if name.endswith(".yaml")]
PROGRAMS = {".venv/bin/airflow", "airflow", "make", "docker", "openssl", "printf", "sha256sum", "cp"}


def test_every_block_of_yaml_says_which_document_it_is():
    for path in GUIDES:
        blocks = [
            1 for _, language, _ in FENCED.findall(path.read_text()) if language in ("yaml", "html", "text")
        ]
        assert len(blocks) == len(documents(path)), named(path)


@pytest.mark.parametrize(("path", "name", "text"), YAML, ids=[name for _, name, _ in YAML])
def test_documents_are_understood(path, name, text, tmp_path):
    folder, file = name.split("/")
    (tmp_path / file).write_text(text)
    assert read(tmp_path / file, folder).model_dump()["title"] in text


def read(path: Path, folder: str) -> Document:
    """A document of a folder of `include`."""
    if folder == "value":
        return load_kind(path, VALUE_KINDS, "deciles")
    (model,) = KINDS[folder]
    return load(path, model)


def test_the_dashboard_is_one_over_the_tables_that_are_there(tmp_path):
    text = dict(documents(REPOSITORY / "docs/how_to/add_a_chart.md"))["dashboards/sales_by_month.yaml"]
    shutil.copytree(REPOSITORY / "include/sql", tmp_path / "sql")
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "dashboards/sales_by_month.yaml").write_text(text)
    board = load_dashboards(tmp_path)["sales_by_month"]
    assert isinstance(board, Dashboard)
    assert isinstance(board.widgets[0].query, Query)
    assert all("SELECT" in widget.sql for widget in board.widgets)


def test_the_campaigns_templates_have_all_that_they_name(tmp_path):
    found = documents(REPOSITORY / "docs/how_to/send_over_a_mail_server.md")
    for name, text in found.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    campaign = load(tmp_path / "campaigns/reminder.yaml", Campaign)
    made = Templates(tmp_path / "campaigns/templates", campaign).render({"name": "Ann"}, "https://u")
    assert "Ann, there are new things" in made.text
    assert "https://u" in made.html


@pytest.mark.parametrize("path", GUIDES, ids=named)
def test_commands_are_of_known_programs(path):
    assert {each.words[0] for each in commands(path)} <= PROGRAMS


def test_activations_of_the_guides_have_kinds_that_there_are():
    named_kinds = set(re.findall(r"destination: \{kind: (\w+)", "".join(text for *_, text in YAML)))
    assert named_kinds <= {*kinds()}
    assert len(named_kinds) > 1


def test_a_token_is_made_as_the_guide_says(tmp_path, monkeypatch, capsys):
    file = tmp_path / "tokens.yaml"
    monkeypatch.setenv("PERENNIAL_COLLECTOR_TOKENS", str(file))
    said = {each.words for path in PAGES for each in commands(path) if "perennial.collector" in each.words}
    made = [words[words.index("token") :] for words in said if "token" in words]
    assert made
    for words in made:
        monkeypatch.setattr(sys, "argv", ["collector", *words])
        main()
        assert capsys.readouterr().out.startswith("pct_")
    assert file.read_text().count("sha256") == len(made)


def test_the_hash_of_an_address_is_that_of_the_guide():
    page = (REPOSITORY / "docs/how_to/erase_a_person.md").read_text()
    (command,) = re.findall(r"^ *(printf .*)$", page, re.MULTILINE)
    digest = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    assert page.count(digest) == 2


def test_modules_that_are_run_are_there():
    called: Mapping[str, Command] = {
        each.words[each.words.index("-m") + 1]: each
        for path in PAGES
        for each in commands(path)
        if "-m" in each.words
    }
    for module, command in called.items():
        if module.startswith("perennial"):
            place = REPOSITORY / "plugins" / module.replace(".", "/")
            assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), command
