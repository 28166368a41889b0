"""The fields of the forms with which Dags are triggered."""

from pathlib import Path

from airflow.sdk import Param


def as_of() -> Param:
    """The day as of which a run computes; empty for the run's own."""
    return Param(
        None,
        type=["null", "string"],
        format="date",
        title="As of",
        description="Everything before this day's midnight (UTC) is seen. Empty: the run's own day.",
    )


def datasets(include: Path) -> Param:
    """Which datasets to take; empty for all."""
    names = sorted(path.stem for path in (include / "datasets").glob("*.yaml"))
    return Param(
        None,
        type=["null", "array"],
        items={"type": "string", "enum": names},
        examples=names,
        title="Datasets",
        description="Which datasets to take. None: all that have such files.",
    )


def dry_run(effect: str) -> Param:
    """Whether to look without touching."""
    return Param(False, type="boolean", title="Dry run", description=effect)
