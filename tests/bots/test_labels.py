"""Crawlers are known by their user agents, and no browser is taken for one."""

import crawleruseragents
import polars as pl
import pytest
from playwright.sync_api import sync_playwright

from perennial.bots.labels import crawler, labels
from perennial.sandbox.machines import browser

INSTANCES = [
    agent for each in crawleruseragents.CRAWLER_USER_AGENTS_DATA for agent in each.get("instances", [])
]


def browsers() -> list[str]:
    """What the devices that Playwright knows call themselves."""
    with sync_playwright() as playwright:
        return sorted({device["user_agent"] for device in playwright.devices.values()})


def test_what_the_list_itself_names_are_crawlers_as_its_own_function_says():
    some = INSTANCES[::4]
    assert len(some) > 500
    found = labels(pl.Series(some))
    told = {agent: is_crawler for agent, is_crawler, _ in found.iter_rows()}
    assert told == {agent: crawleruseragents.is_crawler(agent) for agent in set(some)}
    assert sum(told.values()) >= 0.999 * len(told)


def test_browsers_are_no_crawlers():
    known = browsers()
    assert len(known) > 50
    assert [agent for agent in known if crawler(agent)] == []
    assert [n for n in range(200) if crawler(browser(f"device-{n}"))] == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Mozilla/5.0 (X11; rv:121.0) Firefox/121.0", "Mozilla/5.0 (X11; rv:9.1.2) Firefox/9.1.2", True),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 11_2 like Mac)",
            "Mozilla/5.0 (iPad; CPU OS 11_2 like Mac)",
            False,
        ),
        ("Googlebot/2.1 (+http://www.google.com/bot.html)", "Mozilla/5.0 (compatible; Googlebot/2.2)", True),
        ("Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/8.1.2", False),
    ],
)
def test_versions_are_of_one_family(one, other, same):
    families = labels(pl.Series([one, other, None]))["family"]
    assert len(families) == 2
    assert (families[0] == families[1]) is same
