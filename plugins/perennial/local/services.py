"""Which processes make a stack, and how each shows that it is ready."""

import sys
from dataclasses import dataclass

AIRFLOW = (sys.executable, "-m", "airflow")


@dataclass(frozen=True)
class Service:
    """A process of the stack."""

    name: str
    command: tuple[str, ...]
    health: str
    """`http`: any answer on its port; otherwise the component's name in Airflow's own health report."""


SERVICES = (
    Service("api-server", (*AIRFLOW, "api-server"), "metadatabase"),
    Service("scheduler", (*AIRFLOW, "scheduler", "--skip-serve-logs"), "scheduler"),
    Service("dag-processor", (*AIRFLOW, "dag-processor"), "dag_processor"),
    Service("triggerer", (*AIRFLOW, "triggerer", "--skip-serve-logs"), "triggerer"),
    Service("collector", (sys.executable, "-m", "perennial.collector"), "http"),
    Service("sandbox", (sys.executable, "-m", "perennial.sandbox.esp"), "http"),
)
"""All of them, in the order of starting; ports and paths come from the environment."""
