"""The operator of matches: a document's name in, its table of pairs and their counts out."""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from perennial.operators.context import refuse_unknown_keys
from perennial.operators.lineage import TellsLineage
from perennial.settings import Settings


class MatchOperator(TellsLineage, BaseOperator):
    """Run a document of `include/matches`; run again over the same tables, it does nothing.

    The run's `force` matches again all the same.

    :param match: the document's name
    :param asset: its pairs
    """

    def __init__(self, *, match: str, asset: Asset, **kwargs: Any) -> None:
        super().__init__(**{"outlets": [asset], **kwargs})
        self.match = match
        self.asset = asset

    def execute(self, context: Context) -> dict[str, Any]:
        from perennial.lake.written import watched
        from perennial.stages.lineage_beyond import matched
        from perennial.stages.matching import run_match
        from perennial.stages.workspace import Workspace

        refuse_unknown_keys(context)
        force = bool((context.get("params") or {}).get("force"))
        workspace = Workspace(Settings.from_env())
        with watched() as written:
            counts = run_match(workspace, self.match, datetime.now(UTC), force=force)
        self.tell(workspace, lambda: matched(workspace, self.match, written))
        self.log.info("%s: %s", self.match, counts)
        context["outlet_events"][self.asset].extra = counts
        return counts
