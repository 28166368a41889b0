"""A run of a match leaves its pairs and tells their counts; matched again only where it is asked for."""

from types import SimpleNamespace
from typing import Any

from stages.test_matching import made as made

from perennial.operators.assets import match
from perennial.operators.matching import MatchOperator


def run(**params: Any) -> dict[str, Any]:
    operator, event = (
        MatchOperator(task_id="match", match="catalogues", asset=match("catalogues")),
        SimpleNamespace(extra={}),
    )
    context: Any = {
        "params": params,
        "dag": SimpleNamespace(params={"force": False}),
        "dag_run": SimpleNamespace(conf=params),
        "outlet_events": {match("catalogues"): event},
    }
    counts = operator.execute(context)
    assert event.extra == counts
    return counts


def test_a_run_matches_and_the_next_one_only_if_it_must(made, monkeypatch):
    monkeypatch.setenv("PERENNIAL_LAKE", made.settings.lake)
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(made.settings.include))
    assert run() == {"left_rows": 3, "right_rows": 3, "matched": 2, "unsure": 0}
    assert run()["unchanged"]
    assert "unchanged" not in run(force=True)
