"""`deploy/kubernetes`: the Kubernetes API takes it, and it has the compose file's settings, and no secret."""

import json
import re
import runpy
import shutil
from pathlib import Path

import compose_file as compose
import kubernetes_files as kubernetes
import kubernetes_validate
import pytest
from kubernetes_files import FOLDER, SECRETS, Names, Object, comparable, pods, seen

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

OLDEST, NEWEST = "1.31", kubernetes_validate.latest_version()
AIRFLOW = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
PARTS = (
    "POSTGRES_HOST POSTGRES_PORT POSTGRES_USER SENDGRID_URL SENDGRID_API_KEY SENDGRID_WEBHOOK_KEY "
    "STORE_PASSWORD STORE_READER_PASSWORD REDIS_PASSWORD ADMIN_USER ADMIN_EMAIL"
)
"""Of the addresses and connections, from which Kubernetes puts these together."""
ONLY_HERE = {*PARTS.split(), "PERENNIAL_INDEX"}
"""Workers stand on several machines: each has an index of its own."""
ONLY_SIGNERS = "AIRFLOW__API_AUTH__JWT_SECRET"
"""Compose gives it to all; here those have it who sign and who check."""
ELSEWHERE = {
    "postgres:5432": "perennial-postgres:5432",
    '"postgres", "port"': '"perennial-postgres", "port"',
    "@redis:6379": "@perennial-redis:6379",
    "http://api-server:8080": "http://perennial-api-server:8080",
}
"""Names of services."""


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """As it is delivered."""
    return kubernetes.built(tmp_path_factory.mktemp("base"), SECRETS)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """With PostgreSQL in the cluster, on one node."""
    return kubernetes.built(tmp_path_factory.mktemp("trial"), SECRETS, components=True)


def named(objects: list[Object], kind: str, name: str) -> Object:
    (found,) = (each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


def container(objects: list[Object], kind: str, name: str) -> Object:
    (found,) = named(objects, kind, name)["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def in_compose(service: str) -> dict[str, str]:
    document = compose.interpolated(compose.parsed(), SECRETS)
    environment: dict[str, str] = document["services"][service]["environment"]
    for here, there in ELSEWHERE.items():
        environment = {name: value.replace(here, there) for name, value in environment.items()}
    return {**environment, **({"PGHOST": "perennial-postgres"} if "PGHOST" in environment else {})}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_api_takes_every_object(objects: list[Object], trial: list[Object], version: str) -> None:
    different = [*objects, *(each for each in trial if each not in objects)]
    for each in different:
        kubernetes_validate.validate(each, version, strict=True)


def test_the_api_would_refuse_a_mistake(objects: list[Object]) -> None:
    broken = json.loads(json.dumps(named(objects, "Deployment", "perennial-collector")))
    broken["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(broken, NEWEST, strict=True)


def test_nothing_is_built_without_secrets(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"secrets\.env"):
        kubernetes._kustomized(shutil.copytree(FOLDER, tmp_path / "k", ignore=lambda *_: ["secrets.env"]))


@pytest.mark.parametrize("component", sorted(AIRFLOW))
def test_airflow_has_the_settings_of_the_compose_file(objects: list[Object], component: str) -> None:
    here, there = seen(objects, component), in_compose(component)
    if component not in ("api-server", "scheduler"):
        assert ONLY_SIGNERS not in here
        del there[ONLY_SIGNERS]
    extra = {*here} - {*there}
    assert extra <= ONLY_HERE, "not in docker-compose.yaml"
    assert comparable({name: value for name, value in here.items() if name not in extra}) == comparable(there)


def test_the_init_job_has_the_settings_of_the_compose_file(objects: list[Object]) -> None:
    given = container(objects, "Job", "perennial-init")
    here = Names(objects).environment(given["env"], given["envFrom"])
    # What it does needs neither queue, connections, nor the key that signs links and tokens.
    there = {
        name: value
        for name, value in in_compose("init").items()
        if name not in (ONLY_SIGNERS, "PERENNIAL_TRACKING_KEY")
        and not name.startswith(("AIRFLOW_CONN_", "AIRFLOW__CELERY__BROKER", "AIRFLOW__CELERY__RESULT"))
    }
    extra = {*here} - {*there}
    assert extra <= ONLY_HERE | {*SECRETS}
    assert {name: value for name, value in here.items() if name not in extra} == there
    assert given["command"] == compose.parsed()["services"]["init"]["command"].split()


def test_the_collector_has_the_settings_of_the_compose_file(objects: list[Object]) -> None:
    given = container(objects, "Deployment", "perennial-collector")
    assert Names(objects).environment(given["env"], given["envFrom"]) == in_compose("collector")
    assert given["command"] == compose.parsed()["services"]["collector"]["command"].split()


def test_the_stores_run_as_in_the_compose_file(trial: list[Object]) -> None:
    services = compose.interpolated(compose.parsed(), SECRETS)["services"]
    for name in ("postgres", "redis"):
        given = container(trial, "StatefulSet", f"perennial-{name}")
        environment = Names(trial).environment(given["env"], [])
        args = [re.sub(r"\$\((\w+)\)", lambda found: environment[found[1]], each) for each in given["args"]]  # noqa: B023
        assert args == services[name]["command"].split()[1:]
        assert environment.items() >= services[name]["environment"].items()
        assert given["image"].startswith(f"{services[name]['image']}.")


def test_secrets_are_those_of_the_compose_file_and_have_no_value() -> None:
    there = {name for name in compose.documented() if re.search("PASSWORD|SECRET|_KEY", name)}
    example = kubernetes.settings("secrets.env.example")
    assert {*example} == there
    assert not any(example.values())
    for file in FOLDER.rglob("*"):
        if file.is_file() and file.name not in ("secrets.env.example", "secrets.env"):
            assert not re.search(r"(PASSWORD|SECRET|_KEY)=.", file.read_text(encoding="utf-8")), file


def test_the_init_job_prepares_nothing_where_a_secret_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compose.VARIABLE.finditer(compose.COMPOSE.read_text())
    required = {match["name"] for match in found if match["kind"] == "?"}
    assert required <= {*SECRETS}
    for name in sorted(required):
        with monkeypatch.context() as environment:
            environment.setenv(name, "")
            with pytest.raises(SystemExit, match=f"^nothing is prepared: {name} without a value"):
                runpy.run_path(str(compose.ROOT / "deploy/init.py"), run_name="__main__")


def test_a_file_of_secrets_gets_neither_into_the_repository_nor_into_an_image() -> None:
    assert "/deploy/kubernetes/secrets.env" in (compose.ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/kubernetes" in (compose.ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()


def test_choices_of_the_compose_file_can_be_made(objects: list[Object]) -> None:
    ports = {"PORT", "COLLECTOR_PORT", "STORE_PORT"}
    """On the host: here services and ingresses have them."""
    chosen = {name for name, value in compose.documented().items() if value} - ports
    elsewhere = {
        "WORKER_CONCURRENCY": "AIRFLOW__CELERY__WORKER_CONCURRENCY",
        "BASE_URL": "AIRFLOW__API__BASE_URL",
    }
    known = {**kubernetes.settings("settings.env"), **kubernetes.settings("airflow.env")}
    assert {elsewhere.get(name, name) for name in chosen - {"PERENNIAL_IMAGE"}} <= {*known}


def test_every_pod_keeps_to_the_restricted_profile(objects: list[Object], trial: list[Object]) -> None:
    level = named(objects, "Namespace", "perennial")["metadata"]["labels"]
    assert level["pod-security.kubernetes.io/enforce"] == "restricted"
    charts = kubernetes.values()["securityContexts"]
    pretended = {"securityContext": charts["pod"], "containers": [{"securityContext": charts["containers"]}]}
    for name, pod in [*pods(objects), *pods(trial), ("chart", pretended)]:
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for each in pod["containers"]:
            locked = {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert each["securityContext"] == locked, name


def test_images_are_pinned_and_the_same_for_the_chart(objects: list[Object], trial: list[Object]) -> None:
    images = {each["image"] for _, pod in [*pods(objects), *pods(trial)] for each in pod["containers"]}
    for image in images:
        assert re.search(r":\d+\.\d+", image), image
    given = kubernetes.values()["images"]["airflow"]
    assert f"{given['repository']}:{given['tag']}" in images
    locked = (compose.ROOT / "requirements.txt").read_text()
    assert f"apache-airflow=={kubernetes.values()['airflowVersion']} " in locked


def test_everything_that_lasts_has_probes_memory_and_time_to_end(
    objects: list[Object], trial: list[Object]
) -> None:
    lasting = [(name, pod) for name, pod in [*pods(objects), *pods(trial)] if name != "perennial-init"]
    assert {name for name, _ in lasting} == {"perennial-collector", "perennial-redis", "perennial-postgres"}
    for name, pod in lasting:
        for each in pod["containers"]:
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= {*each}, name
            assert {"requests", "limits"} <= {*each["resources"]}, name
        assert pod["terminationGracePeriodSeconds"] >= 30, name
    for component, given in kubernetes.airflow_components().items():
        assert {"requests", "limits"} <= {*given["resources"]}, component
        if component != "api-server":
            assert "/entrypoint" not in json.dumps(given["livenessProbe"]["command"]), component
    worker = kubernetes.airflow_components()["worker"]
    grace = compose.parsed()["services"]["worker"]["stop_grace_period"]
    assert worker["terminationGracePeriodSeconds"] == 60 * int(grace.removesuffix("m"))


def test_a_volume_of_one_node_is_never_asked_for_twice(objects: list[Object], trial: list[Object]) -> None:
    for each, mode, strategy in (
        (objects, "ReadWriteMany", "RollingUpdate"),
        (trial, "ReadWriteOnce", "Recreate"),
    ):
        assert named(each, "PersistentVolumeClaim", "perennial-data")["spec"]["accessModes"] == [mode]
        assert named(each, "Deployment", "perennial-collector")["spec"]["strategy"]["type"] == strategy
    assert not [each for each in trial if each["kind"] == "PodDisruptionBudget"]
