"""Reads `deploy/kubernetes` as a cluster would get it: built by kubectl, with references followed."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy/kubernetes"
COMPONENTS = "# components:\n#   - postgres\n#   - one-node\n"
REFERENCE = re.compile(r"\$\((\w+)\)")
Object = dict[str, Any]


def values() -> Object:
    """What Airflow's chart is given."""
    loaded = yaml.safe_load((FOLDER / "values.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def settings(name: str) -> dict[str, str]:
    """A file of `NAME=value` lines."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


SECRETS = {name: f"{name.lower()}-of-tests" for name in settings("secrets.env.example")}


def built(folder: Path, secrets: Mapping[str, str], components: bool = False) -> list[Object]:
    """All objects, with these secrets; with the components that are commented out, too."""
    source = folder / "kubernetes"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(FOLDER, source, ignore=shutil.ignore_patterns("secrets.env"))
    (source / "secrets.env").write_text("".join(f"{name}={value}\n" for name, value in secrets.items()))
    if components:
        text = (source / "kustomization.yaml").read_text()
        assert COMPONENTS in text
        (source / "kustomization.yaml").write_text(
            text.replace(COMPONENTS, COMPONENTS.replace("# ", "").replace("#", ""))
        )
    return [each for each in yaml.safe_load_all(_kustomized(source)) if each]


def _kustomized(source: Path) -> str:
    result = subprocess.run(["kubectl", "kustomize", str(source)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def pods(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    """Name and specification of each pod that something makes."""
    for each in objects:
        if template := each.get("spec", {}).get("template"):
            yield each["metadata"]["name"], template["spec"]


class Names:
    """The ConfigMaps and Secrets, for following references to them."""

    def __init__(self, objects: list[Object]) -> None:
        self._known = {
            (each["kind"], each["metadata"]["name"]): _plain(each)
            for each in objects
            if each["kind"] in ("ConfigMap", "Secret")
        }

    def environment(self, env: list[Object], env_from: list[Object]) -> dict[str, str]:
        """What a container sees. A name that is not there is an error, unless it is optional."""
        found: dict[str, str] = {}
        for source in env_from:
            (kind, reference), *_ = source.items()
            found |= self._of({"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind], reference)
        for each in env:
            if "value" in each:
                # As Kubernetes does: only names that stand further up are put in, others stay as they are.
                found[each["name"]] = REFERENCE.sub(lambda name: found.get(name[1], name[0]), each["value"])
                continue
            (kind, reference), *_ = each["valueFrom"].items()
            given = self._of({"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}[kind], reference)
            if reference["key"] in given or not reference.get("optional"):
                found[each["name"]] = given[reference["key"]]
        return found

    def _of(self, kind: str, reference: Object) -> dict[str, str]:
        known = self._known.get((kind, reference["name"]))
        assert known is not None or reference.get("optional"), f"no {kind} {reference['name']}"
        return known or {}


def _plain(each: Object) -> dict[str, str]:
    data: dict[str, str] = each.get("data", {})
    if each["kind"] == "ConfigMap":
        return data
    return {name: base64.b64decode(value).decode() for name, value in data.items()}


@cache
def airflow_components() -> dict[str, Object]:
    """By the compose file's names, the part of the values that is about one process."""
    given = values()
    return {
        "api-server": given["apiServer"],
        "scheduler": given["scheduler"],
        "dag-processor": given["dagProcessor"],
        "triggerer": given["triggerer"],
        "worker": given["workers"]["celery"],
    }


def seen(objects: list[Object], component: str) -> dict[str, str]:
    """The environment of one of Airflow's processes, in the order in which the chart lists its parts."""
    given = values()
    env = yaml.safe_load(given["extraEnv"]) + airflow_components()[component].get("env", [])
    found = Names(objects).environment(env, yaml.safe_load(given["extraEnvFrom"]))
    return {**found, "AIRFLOW_HOME": given["airflowHome"]}


def comparable(environment: Mapping[str, str]) -> dict[str, Any]:
    """Connections as data: how their JSON is laid out is no difference."""
    return {
        name: json.loads(value) if name.startswith("AIRFLOW_CONN_") else value
        for name, value in environment.items()
    }
