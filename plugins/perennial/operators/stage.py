"""The operator that all stages share: find the day, run the stage, say which partition is complete."""

import time
from abc import abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseHook, BaseOperator, Context

from perennial.operators.context import as_of, partition_key, refuse_unknown_keys
from perennial.operators.lineage import TellsLineage
from perennial.settings import Settings

if TYPE_CHECKING:
    from perennial.lake.spark.cluster import Cluster
    from perennial.lake.written import Written
    from perennial.lineage.model import Dataset
    from perennial.stages.lineage import Made, Origin
    from perennial.stages.workspace import Workspace

Counts = dict[str, Any]
COST = "cost"
"""Under which an asset's event says what the step took: seconds, and the rows and bytes put into the lake."""


class StageOperator(TellsLineage, BaseOperator):
    """Runs one stage as of the run's day; what `run` returns stands on the asset's event.

    :param asset: what the stage leaves behind
    """

    def __init__(self, *, asset: Asset, **kwargs: Any) -> None:
        # An operator that is mapped names its outlets itself, for the scheduler to know them beforehand.
        super().__init__(**{"outlets": [asset], **kwargs})
        self.asset = asset

    @abstractmethod
    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        """Do the stage's work; returns counts that a person wants to see."""

    def moment(self, workspace: "Workspace", context: Context) -> datetime:
        """The midnight as of which the stage works."""
        return as_of(context)

    DERIVES = True
    """Whether what it writes is made of something: not where rows are only moved, or go."""

    def origin(self, workspace: "Workspace") -> "Origin":
        """By the names of datasets of signals: where the stage takes their rows from."""
        return {}

    def made(self, workspace: "Workspace", written: "Written", counts: Counts) -> "dict[Dataset, Made]":
        """What lineage says was written: the lake's tables, and whatever else the stage leaves."""
        from perennial.stages.lineage import in_lake

        return in_lake(workspace, written, self.origin(workspace)) if self.DERIVES else {}

    def execute(self, context: Context) -> Counts:
        # The engines are imported where a task runs, not where a Dag is parsed.
        from perennial.lake.written import watched
        from perennial.stages.workspace import Workspace

        refuse_unknown_keys(context)
        workspace = Workspace(Settings.from_env())
        moment = self.moment(workspace, context)
        started = time.monotonic()
        with watched() as written:
            counts = self.run(workspace, moment, context)
        self.log.info("as of %s: %s", moment.date(), counts)
        if not (context.get("params") or {}).get("dry_run"):
            self.tell(
                workspace, lambda: self.made(workspace, written, counts), lambda: self.origin(workspace)
            )
        if is_quiet(context):
            # Airflow makes an event of every outlet of a task that succeeds, and the next stage would start.
            self.outlets.clear()
        else:
            cost = {"seconds": round(time.monotonic() - started, 3), **written.total()}
            announce(context, self.asset, moment, {**counts, COST: cost})
        return counts


def is_quiet(context: Context) -> bool:
    """Whether the next stages are to be left alone: nothing was done, or only the past was computed."""
    params = context.get("params") or {}
    return bool(params.get("dry_run") or params.get("since"))


def announce(context: Context, asset: Asset, moment: datetime, counts: Counts) -> None:
    """Put the counts on the asset's event; a run without a partition names the one that it completed."""
    event = context["outlet_events"][asset]
    event.extra = {"as_of": moment.date().isoformat(), **counts}
    if not context["dag_run"].partition_key:
        event.add_partitions(partition_key(moment))


def spark() -> "Cluster":
    """Where documents with `engine: spark` are computed, from Airflow's connection."""
    from perennial.hooks.spark import SparkHook

    return SparkHook().get_conn()


def store_url(connection_id: str = "perennial_store") -> str:
    """The PostgreSQL URL of the store, from Airflow's connection."""
    connection = BaseHook.get_connection(connection_id)
    return str(connection.get_uri()).replace("postgres://", "postgresql://", 1)
