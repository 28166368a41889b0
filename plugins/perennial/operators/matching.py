"""The operator of matches: a document's name in, its table of pairs and their counts out."""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from perennial.operators.context import refuse_unknown_keys
from perennial.settings import Settings


class MatchOperator(BaseOperator):
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
        from perennial.stages.matching import run_match
        from perennial.stages.workspace import Workspace

        refuse_unknown_keys(context)
        force = bool((context.get("params") or {}).get("force"))
        counts = run_match(Workspace(Settings.from_env()), self.match, datetime.now(UTC), force=force)
        self.log.info("%s: %s", self.match, counts)
        context["outlet_events"][self.asset].extra = counts
        return counts
