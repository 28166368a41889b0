"""What Airflow asks us about every Dag that it reads; `entry_points.txt` names this module."""

from typing import Any

from airflow.policies import hookimpl


@hookimpl
def dag_policy(dag: Any) -> None:
    """Have the Dag tell how its runs go, as `include/alerts` says, and send no form that names people."""
    from perennial.operators.alerts import documents, watch
    from perennial.operators.lineage import keep_forms
    from perennial.settings import Settings

    watch(dag, documents(Settings.from_env().include, dag.dag_id))
    keep_forms(dag)
