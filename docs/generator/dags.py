"""Airflow's Dags in; when each runs, its form, what starts it and what it leaves, out."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generator.markdown import anchor, code, link, page, sentence, table


def dags_page(dags: Mapping[str, Any]) -> str:
    """The page of all Dags of the documents in `include/`."""
    known = dict(sorted(dags.items()))
    listed = table(
        ["Dag", "When", "Does"],
        [
            (link(f"`{name}`", f"#{anchor(name)}"), _when(dag), sentence(_about(dag)))
            for name, dag in known.items()
        ],
    )
    intro = (
        "Every Dag of the documents in `include/`, with the form that *Trigger* shows; `airflow dags"
        " trigger DAG --conf JSON` takes the same fields. A run is about one day: everything before its"
        " `as_of`, a midnight in UTC, is seen. One run at a time, no catch-up; tasks try again three times"
        " where that can help."
    )
    said: dict[str, str] = {}
    for name, dag in known.items():
        # What one file makes of several documents is told once.
        said.setdefault(_about(dag), name)
    sections = [_section(dag, said[_about(dag)]) for dag in known.values()]
    return page("Dags", intro, listed, *sections)


def _section(dag: Any, like: str) -> str:
    facts = [
        ("File", code(f"dags/{Path(dag.fileloc).name}")),
        ("When", _when(dag)),
        ("Paused at first", "yes" if dag.is_paused_upon_creation else ""),
        ("Starts after", ", ".join(code(each) for each in _consumed(dag))),
        ("Leaves", ", ".join(code(each) for each in _produced(dag))),
        ("Tasks", " → ".join(code(task.task_id) for task in dag.topological_sort())),
    ]
    form = [
        (code(name), each.schema["title"], _kind(each.schema), _default(each.value), str(each.description))
        for name, each in dag.params.items()
        for each in [dag.params.get_param(name)]
    ]
    about = _about(dag) if like == dag.dag_id else f"As [`{like}`](#{anchor(like)})."
    return "\n\n".join(
        filter(
            None,
            [
                f"## {dag.dag_id}",
                about,
                table(["", ""], [fact for fact in facts if fact[1]]),
                table(["Field", "In the form", "Type", "Default", "Meaning"], form),
            ],
        )
    )


def _about(dag: Any) -> str:
    return str(dag.doc_md).partition("\n")[2].strip()


def _when(dag: Any) -> str:
    after = ", ".join(code(each) for each in _consumed(dag))
    return ", and ".join(filter(None, [after and f"after {after}", _cron(dag.timetable)])) or "by hand"


def _cron(timetable: Any) -> str:
    timed = getattr(timetable, "timetable", timetable)
    expression = getattr(timed, "expression", None)
    return f"{code(expression)} ({timed.timezone})" if expression else ""


def _consumed(dag: Any) -> list[str]:
    condition = getattr(dag.timetable, "asset_condition", None)
    return sorted(asset.name for asset in _assets(condition)) if condition is not None else []


def _assets(condition: Any) -> Iterator[Any]:
    """A condition is an asset, or several of them."""
    if objects := getattr(condition, "objects", None):
        for each in objects:
            yield from _assets(each)
    else:
        yield condition


def _produced(dag: Any) -> list[str]:
    return sorted({asset.name for task in dag.tasks for asset in task.outlets})


def _kind(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type", "any")
    named = [kinds] if isinstance(kinds, str) else [each for each in kinds if each != "null"]
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list"}
    said = " or ".join(words.get(each, each) for each in named)
    if schema.get("format") in ("date", "date-time"):
        said = {"date": "day", "date-time": "moment"}[schema["format"]]
    values = [each for each in schema.get("enum") or schema.get("items", {}).get("enum") or () if each]
    return f"{said}: {', '.join(map(code, values))}" if values else said


def _default(value: Any) -> str:
    return "" if value in (None, "", []) else code(value)
