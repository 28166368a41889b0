"""`values.yaml` is what Airflow's Helm chart takes, and what the chart makes of it is the deployment.

The chart is Apache Airflow's, and no part of this project. Where it is, says `PERENNIAL_AIRFLOW_CHART`:

    helm pull apache-airflow/airflow --version 1.22.0 --untar
    PERENNIAL_AIRFLOW_CHART=airflow .venv/bin/pytest tests/deploy/test_kubernetes_chart.py
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import kubernetes_files as kubernetes
import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft7Validator
from kubernetes_files import FOLDER, SECRETS, Names, Object, comparable, seen

CHART = Path(os.environ.get("PERENNIAL_AIRFLOW_CHART", ""))
NEWEST = kubernetes_validate.latest_version()
VERSION = re.compile(r"--version (\S+)")
PROCESSES = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}

pytestmark = pytest.mark.skipif(
    not (CHART / "values.schema.json").is_file(),
    reason="PERENNIAL_AIRFLOW_CHART does not name a folder with Airflow's Helm chart",
)
rendering = pytest.mark.skipif(
    not (shutil.which("helm") and shutil.which("kubectl")), reason="helm or kubectl is not installed"
)


@pytest.fixture(scope="module")
def made() -> list[Object]:
    """What the chart makes of the values."""
    command = ["helm", "template", "perennial", str(CHART), "--namespace", "perennial"]
    result = subprocess.run(
        [*command, "--values", str(FOLDER / "values.yaml")], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return [each for each in yaml.safe_load_all(result.stdout) if each]


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """What stands beside it."""
    return kubernetes.built(tmp_path_factory.mktemp("base"), SECRETS)


def processes(made: list[Object]) -> Iterator[tuple[str, Object]]:
    """By component, the pods of Airflow's processes."""
    for each in made:
        if each["kind"] in ("Deployment", "StatefulSet"):
            yield each["metadata"]["labels"]["component"], each["spec"]["template"]["spec"]


def test_it_is_the_version_that_the_documentation_names() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    for file in (FOLDER / "values.yaml", FOLDER.parents[1] / "docs/kubernetes.md"):
        assert {*VERSION.findall(file.read_text(encoding="utf-8"))} == {chart["version"]}


def test_the_values_keep_to_the_charts_schema() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    found = Draft7Validator(schema).iter_errors(_merged(defaults, kubernetes.values()))
    assert [f"{error.json_path}: {error.message}" for error in found] == []


def test_every_value_is_one_that_the_chart_knows() -> None:
    """Schemas let some through that no template reads."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    assert [*_unknown(kubernetes.values(), defaults, "")] == []


@rendering
def test_the_api_takes_what_the_chart_makes(made: list[Object]) -> None:
    for each in made:
        kubernetes_validate.validate(each, NEWEST, strict=True)


@rendering
def test_it_makes_all_of_airflows_processes_and_no_secret(made: list[Object]) -> None:
    assert {name for name, _ in processes(made)} == PROCESSES
    assert [each["metadata"]["name"] for each in made if each["kind"] == "Secret"] == []
    assert [each["metadata"]["name"] for each in made if each["kind"] == "Job"] == []
    # The address by which tasks reach the API server.
    assert "perennial-api-server" in {each["metadata"]["name"] for each in made if each["kind"] == "Service"}


@rendering
def test_processes_see_what_the_compose_file_says(made: list[Object], objects: list[Object]) -> None:
    for component, pod in processes(made):
        (main,) = (each for each in pod["containers"] if each["name"] == component)
        found = Names([*objects, *made]).environment(main["env"], main["envFrom"])
        assert comparable(found) == comparable(seen(objects, component)), component


@rendering
def test_every_container_is_locked_and_calls_no_script_that_our_image_lacks(made: list[Object]) -> None:
    for component, pod in processes(made):
        assert pod["securityContext"]["runAsNonRoot"], component
        for each in [*pod["containers"], *pod.get("initContainers", [])]:
            assert each["securityContext"]["readOnlyRootFilesystem"], (component, each["name"])
            assert each["image"] == ":".join(
                kubernetes.values()["images"]["airflow"][part] for part in ("repository", "tag")
            )
            for script in ("/entrypoint", "/clean-logs"):
                assert script not in json.dumps(each), (component, each["name"])


def _merged(below: Object, above: Object) -> Object:
    """The chart's values with ours over them, as Helm does it."""
    found = dict(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(below.get(name), dict)
        found[name] = _merged(below[name], value) if both else value
    return found


def _unknown(given: Object, known: Object, path: str) -> Iterator[str]:
    for name, value in given.items():
        if name not in known:
            yield f"{path}{name}"
        elif isinstance(value, dict) and known[name]:
            yield from _unknown(value, known[name], f"{path}{name}.")
