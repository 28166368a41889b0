"""What a task read and wrote, for OpenLineage: Airflow's provider asks an operator, and sends what it says.

It asks in a process that is forked from the task's, in which engines must not be used any more. So an
operator gathers plain values at its end, if lineage is sent anywhere; they become OpenLineage's facets later.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from perennial.lineage.model import Dataset, Use
    from perennial.lineage.names import Places
    from perennial.stages.lineage import Fields, Lineage, Made, Origin
    from perennial.stages.workspace import Workspace

TRANSFORMATIONS = {
    "identity": ("DIRECT", "IDENTITY"),
    "transformation": ("DIRECT", "TRANSFORMATION"),
    "aggregation": ("DIRECT", "AGGREGATION"),
    "filter": ("INDIRECT", "FILTER"),
    "join": ("INDIRECT", "JOIN"),
    "group_by": ("INDIRECT", "GROUP_BY"),
    "sort": ("INDIRECT", "SORT"),
}


def is_sent() -> bool:
    """Whether lineage is sent anywhere; what the provider is told by its configuration decides."""
    from airflow.providers.openlineage import conf

    return not conf.is_disabled()


def keep_forms(dag: Any) -> None:
    """Have nothing sent of a Dag whose form may name people."""
    if any(getattr(task, "PERSONAL", False) for task in dag.tasks) and is_sent():
        from airflow.providers.openlineage.api.emission_policy import (
            extend_global_openlineage_emission_policy,
        )

        extend_global_openlineage_emission_policy(dag, emit=False)


class TellsLineage:
    """Of an operator: it tells what it read and wrote."""

    lineage: "Lineage | None" = None
    PERSONAL = False
    """Whether the run's form may name people. Airflow's events have the form: of such Dags none are sent."""

    def tell(
        self,
        workspace: "Workspace",
        written: "Callable[[], Mapping[Dataset, Made]]",
        origin: "Callable[[], Origin]" = dict,
    ) -> None:
        """Keep what was written and from what it was made; whatever goes wrong, no task fails of it."""
        try:
            if is_sent():
                from perennial.operators.stage import store_url
                from perennial.stages.lineage import gathered, places

                where = places(workspace.settings, store_url())
                self.lineage = gathered(workspace, where, written(), origin())
        except Exception:
            log: Any = getattr(self, "log", None)
            log.exception("the lineage of this task is not told")

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> "OperatorLineage":
        """What the provider asks for once the task has ended."""
        from airflow.providers.openlineage.extractors import OperatorLineage

        found = self.lineage
        if found is None:
            return OperatorLineage()
        return OperatorLineage(
            inputs=[_input(found.places, dataset, fields) for dataset, fields in found.read.items()],
            outputs=[_output(found.places, dataset, made) for dataset, made in found.written.items()],
        )


def _input(places: "Places", dataset: "Dataset", fields: "Fields") -> Any:
    from openlineage.client.event_v2 import InputDataset

    namespace, name = places.named(dataset)
    return InputDataset(namespace, name, facets=_schema(fields))


def _output(places: "Places", dataset: "Dataset", made: "Made") -> Any:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import column_lineage_dataset, output_statistics_output_dataset

    namespace, name = places.named(dataset)
    facets = _schema(made.fields)
    if made.derivation.columns or made.derivation.rows:
        facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(
            fields={
                column: column_lineage_dataset.Fields([_used(places, use) for use in uses])
                for column, uses in made.derivation.columns.items()
            },
            dataset=[_used(places, use) for use in made.derivation.rows],
        )
    statistics: dict[str, Any] = {}
    if made.rows is not None:
        statistics["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=made.rows, size=made.bytes
        )
    return OutputDataset(namespace, name, facets=facets, outputFacets=statistics)


def _used(places: "Places", use: "Use") -> Any:
    from openlineage.client.facet_v2 import column_lineage_dataset

    namespace, name = places.named(use.dataset)
    kind, subtype = TRANSFORMATIONS[use.how]
    done = column_lineage_dataset.Transformation(
        type=kind, subtype=subtype, description=use.note or None, masking=use.masked
    )
    return column_lineage_dataset.InputField(namespace, name, use.column, [done])


def _schema(fields: "Fields") -> dict[str, Any]:
    from openlineage.client.facet_v2 import schema_dataset

    if not fields:
        return {}
    described = [
        schema_dataset.SchemaDatasetFacetFields(name, type=kind or None) for name, kind in fields.items()
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=described)}
