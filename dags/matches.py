"""# Matches

Each document of `include/matches` is a Dag, `match_<name>`: it joins two tables of the lake whose rows do not
name each other. People are matched by several fields of which each tells a little, products by what is
written of them. The pairs, with a score and why, are the lake's table `matches.<name>`; the page **Matches**
shows how many there are, and those about which one may be in doubt.

It runs after each day's signals, or as its document says. Where neither the document nor the two tables have
changed since the last run it does nothing; run it by hand with `force` to match again all the same.

A document that cannot be read becomes a Dag that says why, and fails.
"""

from airflow.sdk import DAG, CronTriggerTimetable, Param, PartitionedAssetTimetable

from perennial.matching.definition import AFTER, Match, load_matches
from perennial.operators import assets
from perennial.operators.matching import MatchOperator
from perennial.operators.retries import DEFAULT_ARGS
from perennial.settings import Settings

for name, match in load_matches(Settings.from_env().include).items():
    known = match if isinstance(match, Match) else None
    cron = known.cron if known else None
    follows = PartitionedAssetTimetable(assets=assets.SIGNALS) if known and known.schedule == AFTER else None
    says = f"# {known.title}" if known else f"# This match cannot be read\n\n```\n{match}\n```"
    with DAG(
        f"match_{name}",
        schedule=CronTriggerTimetable(cron, timezone="UTC") if cron else follows,
        catchup=False,
        doc_md=f"{says}\n\n{__doc__.partition(chr(10))[2].strip()}",
        tags=["perennial", "match"] if known else ["perennial", "match", "broken"],
        default_args=DEFAULT_ARGS,
        max_active_runs=1,
        params={
            "force": Param(
                False,
                type="boolean",
                title="Match again",
                description="Also if neither the document nor the tables have changed since the last run.",
            )
        },
    ):
        MatchOperator(task_id="match", match=name, asset=assets.match(name))
