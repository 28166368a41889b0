"""What Airflow asks us about every Dag that it reads; `entry_points.txt` names this module."""

from typing import Any

from airflow.policies import hookimpl


@hookimpl
def dag_policy(dag: Any) -> None:
    """Have the Dag tell how its runs go, as `include/alerts` says."""
    from perennial.operators.alerts import documents, watch
    from perennial.settings import Settings

    watch(dag, documents(Settings.from_env().include, dag.dag_id))
