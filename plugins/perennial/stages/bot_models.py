"""Visitors with labels in; the tree that is in use as of a day, learned anew where that is due, out."""

from dataclasses import asdict
from datetime import date
from typing import Any

import polars as pl

from perennial.bots.definition import BotDefinition, ModelSettings
from perennial.bots.features import breaks
from perennial.bots.learning import Learned, NothingToLearn, Quality, judged, learn
from perennial.bots.tree import Tree
from perennial.bots.verdicts import can_be_told
from perennial.lake.bots import BOT_MODELS
from perennial.stages.workspace import Workspace

IN_USE, NOT_USED, FAILED = "in use", "not used", "failed"
LEARNED_FROM = ("dataset", "visitor", "user_agent", "page", "model", "rule")
"""Parts of a document: trees that were learned under others say nothing here."""


def model_as_of(
    workspace: Workspace,
    definition: BotDefinition,
    visitors: pl.DataFrame,
    labels: pl.DataFrame,
    as_of: date,
    *,
    force: bool = False,
) -> tuple[Tree | None, str]:
    """The tree to judge by, if there is one that is good enough, and how it stands with the newest."""
    settings = definition.model if definition.learns else None
    if settings is None:
        return None, "none: the document has no model, or names no user agent"
    newest, used = _attempts(workspace, definition, as_of)
    if force or newest is None or used is None or _age(used, as_of) >= settings.refit_days:
        newest = _learned(definition, settings, visitors, labels, as_of)
        fit = pl.DataFrame([newest], schema=BOT_MODELS)
        workspace.lake.bot_models.replace_where(fit, "fit_id", newest["fit_id"])
        used = newest if newest["status"] == IN_USE else used
    status = f"{newest['status']}, of {newest['as_of']}: {newest['reason']}"
    if used is None:
        return None, status
    return Tree.of(used["nodes"]), status if used is newest else f"in use, of {used['as_of']}; {status}"


def _age(row: dict[str, Any], as_of: date) -> int:
    """How many days ago a tree was learned."""
    return int((as_of - row["as_of"]).days)


def _attempts(
    workspace: Workspace, definition: BotDefinition, as_of: date
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The newest attempt as of a day, whatever came of it, and the newest tree that is good enough."""
    made = workspace.lake.bot_models.scan().filter(
        pl.col("as_of") <= as_of, definition=definition.name, settings=definition.mark(LEARNED_FROM)
    )
    rows = made.sort("as_of", descending=True).collect().to_dicts()
    return next(iter(rows), None), next((row for row in rows if row["status"] == IN_USE), None)


def _learned(
    definition: BotDefinition,
    settings: ModelSettings,
    visitors: pl.DataFrame,
    labels: pl.DataFrame,
    as_of: date,
) -> dict[str, Any]:
    told = visitors.join(labels, on="user_agent").filter(can_be_told(definition))
    by_rule = judged("rule", told.select(breaks(definition)).to_series(), told["is_crawler"])
    row = {
        "fit_id": f"{definition.name}-{as_of}",
        "definition": definition.name,
        "as_of": as_of,
        "settings": definition.mark(LEARNED_FROM),
        "families": told["family"].n_unique(),
        "bot_families": told.filter("is_crawler")["family"].n_unique(),
        "nodes": [],
        "held_out": [],
    }
    try:
        learned = learn(told, definition.features, settings)
    except NothingToLearn as why:
        return {**row, "status": FAILED, "reason": str(why), "quality": [_measured(by_rule)]}
    status, reason = _verdict(learned, settings)
    return {
        **row,
        "status": status,
        "reason": reason,
        "nodes": learned.tree.rows(),
        "quality": [_measured(learned.quality), _measured(by_rule)],
        "held_out": [list(part) for part in learned.held_out],
    }


def _verdict(learned: Learned, settings: ModelSettings) -> tuple[str, str]:
    rules, precision = learned.tree.rules(settings.probability), learned.quality.precision
    if precision is None or not rules:
        return NOT_USED, "it calls nobody a bot"
    if precision < settings.least_precision:
        return NOT_USED, (
            f"on families that it had not seen, {precision:.1%} of those it calls bots are crawlers; "
            f"{settings.least_precision:.1%} is the least"
        )
    return IN_USE, "; or ".join(rules)


def _measured(quality: Quality) -> dict[str, Any]:
    return {**asdict(quality), "precision": quality.precision, "recall": quality.recall}
