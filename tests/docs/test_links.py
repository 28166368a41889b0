"""Links and anchors of all pages lead somewhere, and what pages name is there."""

import re

import pytest
import yaml
from documented import PAGES, anchors, commands, links, named

from perennial.settings import REPOSITORY

TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
MAKE = re.compile(r"`make (?:-s )?([a-z-]+)[^`]*`")
SERVICES = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text())["services"]
TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}
ANCHORS = {path: anchors(text) for path, text in TEXTS.items()}


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_links_lead_somewhere(path):
    broken = []
    for link in links(TEXTS[path]):
        if re.match(r"\w+:", link):
            continue
        place, _, fragment = link.partition("#")
        there = (path.parent / place).resolve() if place else path
        if not there.exists():
            broken.append(link)
        elif fragment and fragment not in ANCHORS.get(there, set()):
            broken.append(f"{link}: {there.name} has {', '.join(sorted(ANCHORS.get(there, {'no anchors'})))}")
    assert broken == []


def test_the_tests_find_links_and_anchors():
    assert links("[a\nb](c.md#d) `[e](f)`\n```\n[g](h)\n```\n![i](j.png)") == ["c.md#d", "j.png"]
    assert anchors("# A `b`: c\n## Same\n## Same\n```\n# no\n```\n") == {"a-b-c", "same", "same-1"}


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_target_of_make_is_there(path):
    called = set(MAKE.findall(TEXTS[path]))
    for each in commands(path):
        if each.words[0] == "make":
            called |= {word for word in each.words[1:] if re.fullmatch(r"[a-z][a-z-]*", word)}
    assert called - TARGETS == set()


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_service_is_one_of_compose(path):
    for each in commands(path):
        if each.words[:3] == ("docker", "compose", "exec"):
            assert each.words[3] in SERVICES, each


def test_every_page_is_in_the_index():
    index = (REPOSITORY / "docs/README.md").read_text()
    pages = [
        path
        for path in PAGES
        if path.parent.name in ("docs", "how_to", "tutorials") and path.name != "README.md"
    ]
    listed = {(REPOSITORY / "docs" / link.partition("#")[0]).resolve() for link in links(index)}
    assert [named(path) for path in pages if path not in listed] == []


def test_addresses_of_the_collector_are_its_own():
    paths = yaml.safe_load((REPOSITORY / "plugins/perennial/collector/openapi.yaml").read_text())["paths"]
    known = [re.compile(re.sub(r"\{\w+\}", r"[^/]+", path)) for path in paths]
    page = REPOSITORY / "docs/collector.md"
    called = {word for each in commands(page) for word in each.words if word.startswith("$COLLECTOR/")}
    assert len(called) > 5
    for address in called:
        path = address.removeprefix("$COLLECTOR").partition("?")[0]
        assert any(each.fullmatch(path) for each in known), address
