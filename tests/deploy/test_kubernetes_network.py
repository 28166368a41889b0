"""The network policies let through what the processes need of each other, and nothing else."""

import shutil
from typing import Any

import kubernetes_files as kubernetes
import pytest
from kubernetes_files import SECRETS, Object

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")
OURS = ("collector", "redis", "postgres", "init")
OUTSIDE = "outside"
"""Another namespace, or the internet."""
PORTS = {
    "api-server": 8080,
    "worker": 8793,
    "triggerer": 8794,
    "redis": 6379,
    "postgres": 5432,
    "collector": 8026,
}
NEEDED = {
    *((name, "postgres") for name in (*AIRFLOW, "init")),
    *((name, "api-server") for name in AIRFLOW),
    *((name, "redis") for name in ("scheduler", "worker")),
    *(("api-server", name) for name in ("worker", "triggerer")),
    *((name, "collector") for name in (*AIRFLOW, "init", OUTSIDE)),
}
"""Who to whom. The collector is open to everybody: tokens and signatures are its door."""


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """All of them, PostgreSQL's too."""
    objects = kubernetes.built(tmp_path_factory.mktemp("trial"), SECRETS, components=True)
    return [each["spec"] for each in objects if each["kind"] == "NetworkPolicy"]


def labels(name: str) -> dict[str, str]:
    """As the chart, and we, set them."""
    return {"component": name, **({"tier": "airflow"} if name in AIRFLOW else {})}


def selected(selector: Object, name: str) -> bool:
    of = labels(name)
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions)
    return selector.get("matchLabels", {}).items() <= of.items() and all(
        of.get(each["key"]) in each["values"] for each in expressions
    )


def passes(rules: list[Object], end: str, other: str, port: int) -> bool:
    """Whether one of the rules names the other end (no list of peers: everybody), and the port."""
    return any(
        (end not in rule or any(_is(peer, other) for peer in rule[end])) and _opens(rule.get("ports"), port)
        for rule in rules
    )


def _is(peer: Object, other: str) -> bool:
    if "ipBlock" in peer:
        return True
    return other != OUTSIDE and "namespaceSelector" not in peer and selected(peer["podSelector"], other)


def _opens(ports: Any, port: int) -> bool:
    return ports is None or any(each["port"] <= port <= each.get("endPort", each["port"]) for each in ports)


def allowed(policies: list[Object], source: str, target: str) -> bool:
    port = PORTS[target]
    comes_in = [each for each in policies if selected(each["podSelector"], target)]
    goes_out = [
        each
        for each in policies
        if source != OUTSIDE and "Egress" in each["policyTypes"] and selected(each["podSelector"], source)
    ]
    return any(passes(each.get("ingress", []), "from", source, port) for each in comes_in) and (
        not goes_out or any(passes(each.get("egress", []), "to", target, port) for each in goes_out)
    )


def test_who_may_talk_to_whom(policies: list[Object]) -> None:
    found = {
        (source, target)
        for source in (*AIRFLOW, *OURS, OUTSIDE)
        for target in PORTS
        if allowed(policies, source, target)
    }
    assert found == NEEDED


def test_the_collector_reaches_object_stores_and_kafka_but_no_clouds_metadata(policies: list[Object]) -> None:
    (egress,) = (
        each["egress"]
        for each in policies
        if each["podSelector"].get("matchLabels") == {"component": "collector"}
    )
    outward = [rule for rule in egress if "to" in rule]
    assert [_opens(rule["ports"], port) for rule in outward for port in (443, 9092, 5432, 6379, 80)] == [
        True, True, False, False, False,
    ]  # fmt: skip
    blocked = {each for rule in outward for peer in rule["to"] for each in peer["ipBlock"]["except"]}
    assert blocked == {"169.254.0.0/16", "fe80::/10"}


def test_the_ui_is_open_to_what_ends_tls(policies: list[Object]) -> None:
    (rules,) = (
        each["ingress"]
        for each in policies
        if each["podSelector"].get("matchLabels") == {"tier": "airflow", "component": "api-server"}
    )
    assert [
        peer["namespaceSelector"] for rule in rules for peer in rule["from"] if "namespaceSelector" in peer
    ]
