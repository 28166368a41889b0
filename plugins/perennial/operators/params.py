"""The fields of the forms with which Dags are triggered."""

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import Param

from perennial.stages.steps import ORDER

if TYPE_CHECKING:
    from perennial.queries.scheduled import ScheduledQuery


def as_of() -> Param:
    """The day as of which a run computes; empty for the run's own."""
    return Param(
        None,
        type=["null", "string"],
        format="date",
        title="As of",
        description="Everything before this day's midnight (UTC) is seen. Empty: the run's own day.",
    )


def of_past_days() -> dict[str, Param]:
    """Which days of the past, and what of them."""
    steps = list(ORDER)
    optional = {"type": ["null", "string"], "format": "date"}
    return {
        "from_day": Param(
            None,
            **optional,
            title="From",
            description="The first day as of which all is computed. Empty: the days that are behind.",
        ),
        "to_day": Param(None, **optional, title="To", description="The last one."),
        "steps": Param(
            None,
            type=["null", "array"],
            items={"type": "string", "enum": steps},
            examples=steps,
            title="Steps",
            description="What is computed. None: all, from values to insights.",
        ),
        "only_behind": Param(
            False,
            type="boolean",
            title="Only days that are behind",
            description="Leave out days that would come out as they are: compute those for which events came "
            "late, or whose documents changed since.",
        ),
        "most": Param(
            31,
            type="integer",
            minimum=1,
            title="At most",
            description="So many days, the newest first, where none are named.",
        ),
    }


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


def dataset(include: Path) -> Param:
    """Which one dataset to work on."""
    names = sorted(path.stem for path in (include / "datasets").glob("*.yaml"))
    return Param(
        names[0] if names else None,
        type="string",
        enum=names,
        title="Dataset",
        description="The dataset whose quarantine is replayed.",
    )


def row_ids() -> Param:
    """Which rows of the quarantine to take."""
    return Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        title="Rows",
        description="The ids of the rows to replay. None: all that somebody has corrected.",
    )


def uncorrected() -> Param:
    """Whether rows that nobody touched are tried again."""
    return Param(
        False,
        type="boolean",
        title="Uncorrected rows too",
        description="Try all open rows as they came: after the dataset's document was changed, for example.",
    )


def dry_run(effect: str) -> Param:
    """Whether to look without touching."""
    return Param(False, type="boolean", title="Dry run", description=effect)


def accept_breach() -> Param:
    """Whether what is not as expected is taken all the same."""
    return Param(
        False,
        type="boolean",
        title="Accept what is not as expected",
        description="Take the day although an expectation that stops is breached; this once.",
    )


def accept_batches() -> Param:
    """Which uploads that were not as expected are taken all the same."""
    return Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        title="Accept what is not as expected",
        description="Batches that failed an expectation, to be taken all the same; this once.",
    )


def replay() -> Param:
    """What an activation sends again although it was sent before."""
    return Param(
        None,
        type=["null", "string"],
        enum=[None, "rejected", "all"],
        title="Replay",
        description="Send again what the destination refused, or everybody. Empty: only what has changed.",
        values_display={"rejected": "What was rejected", "all": "Everybody"},
    )


def of_query(query: "ScheduledQuery") -> dict[str, Param]:
    """The values that a scheduled query declares, and the interval of a run by hand."""
    kinds = {"integer": "integer", "number": "number", "boolean": "boolean"}
    own = {
        name: Param(
            each.default if each.type in kinds else str(each.default),
            type=kinds.get(each.type, "string"),
            **({"enum": each.choices} if each.choices else {}),
            title=each.title or name,
            description=each.description or f"${name} of the query.",
        )
        for name, each in query.parameters.items()
    }
    moments = {
        name: Param(
            None,
            type=["null", "string"],
            format="date-time",
            title=title,
            description="Of the interval that the run is about (UTC). Empty: the run's own.",
        )
        for name, title in (("interval_start", "From"), ("interval_end", "To"))
    }
    return {**own, **moments}


def namespace(include: Path) -> Param:
    """The namespaces that datasets declare identities in."""
    import yaml

    documents = [yaml.safe_load(path.read_bytes()) for path in (include / "datasets").glob("*.yaml")]
    found = {each["namespace"] for document in documents for each in document.get("identities", ())}
    names = sorted(found | {"email"})
    return Param(
        "email",
        type="string",
        enum=names,
        title="Namespace",
        description="What kind of identity is given.",
    )


def of_report() -> dict[str, Param]:
    """Of a report: a day other than the newest, recipients other than its own."""
    return {
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The last day that is shown. Empty: the newest one that is there.",
        ),
        "recipients": Param(
            None,
            type=["null", "array"],
            items={"type": "string", "format": "email"},
            title="Recipients",
            description="Addresses for this run, such as your own for a trial. None: those of the document.",
        ),
    }


def of_campaigns(include: Path) -> dict[str, Param]:
    """Which campaign, and what is to be done with it."""
    names = sorted(path.stem for path in (include / "campaigns").glob("*.yaml"))
    return {
        "campaign": Param(
            None,
            type=["null", "string"],
            enum=[None, *names],
            title="Campaign",
            description="The only one to send. Empty: all that are due.",
        ),
        "dry_run": dry_run("Make every e-mail and count them; send nothing."),
        "replay": Param(
            False,
            type="boolean",
            title="Replay",
            description="Send again what is in doubt, of this campaign. Some may get it a second time.",
        ),
    }


def of_person(include: Path) -> dict[str, Param]:
    """Whom a request is about, by one of their identities."""
    return {
        "namespace": namespace(include),
        "value_sha256": Param(
            None,
            type=["null", "string"],
            pattern="^[0-9a-f]{64}$",
            title="SHA-256 of the identity",
            description="Of the value without spaces around it; of an e-mail address in lower case, of a "
            "phone number in E.164, such as +14155552671.",
        ),
        "value": Param(
            None,
            type=["null", "string"],
            format="password",
            title="Identity",
            description="In place of the SHA-256. Airflow keeps it with the run: delete the run afterwards.",
        ),
        "reason": Param(
            None,
            type=["null", "string"],
            title="Reason",
            description="For the record, such as the number of a request. Name nobody here.",
        ),
    }


def of_bot_decisions(include: Path) -> dict[str, Param]:
    """Which visitors, what is decided of them, and why."""
    names = sorted(path.stem for path in (include / "bots").glob("*.yaml"))
    return {
        "definition": Param(
            names[0] if names else None,
            type="string",
            enum=names or None,
            title="Document",
            description="The document of include/bots by which the visitors were judged.",
        ),
        "visitors": Param(
            [],
            type="array",
            items={"type": "string"},
            title="Visitors",
            description="As the document's column `visitor` has them, one a line.",
        ),
        "decision": Param(
            "let_in",
            type="string",
            enum=["let_in", "left_out", "as_found"],
            title="Decision",
            description="What holds of them from now on.",
            values_display={
                "let_in": "They are no bots: let them back in",
                "left_out": "They are bots: leave them out",
                "as_found": "Take the decision back: what is found holds",
            },
        ),
        "reason": Param(
            "",
            type="string",
            maxLength=500,
            title="Reason",
            description="For whoever asks later. Name nobody here.",
        ),
    }
