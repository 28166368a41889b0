"""A decision tree as plain values: kept in a table, told in words, and asked as an expression of columns."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Node:
    """A question, or an answer, if there is no `feature`: at most `threshold` goes `left`, more `right`."""

    feature: str | None
    threshold: float | None
    left: int | None
    right: int | None
    visitors: int
    """Of those it was learned from, how many came here."""
    bots: int
    """And how many of these were labelled as crawlers."""

    @property
    def share(self) -> float:
        """Of bots among those who came here."""
        return self.bots / self.visitors


@dataclass(frozen=True)
class Tree:
    """Nodes; the first is the root."""

    nodes: tuple[Node, ...]

    def probability(self, number: int = 0) -> pl.Expr:
        """The share of bots in the leaf to which a row leads, of columns that have the features' names."""
        node = self.nodes[number]
        if node.feature is None or node.left is None or node.right is None:
            return pl.lit(node.share)
        left, right = self.probability(node.left), self.probability(node.right)
        return pl.when(pl.col(node.feature) <= node.threshold).then(left).otherwise(right)

    def rules(self, least: float) -> list[str]:
        """In words, how to come to each leaf whose share of bots is at least this."""
        return [
            " and ".join(way) or "always" for way, leaf in self._ways(0, []) if leaf.share >= least
        ]  # fmt: skip

    def rows(self) -> list[dict[str, Any]]:
        """The nodes, as they are kept."""
        return [asdict(node) for node in self.nodes]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> "Tree":
        """The tree that was kept as these rows."""
        return cls(tuple(Node(**row) for row in rows))

    def _ways(self, number: int, way: list[str]) -> list[tuple[list[str], Node]]:
        node = self.nodes[number]
        if node.feature is None or node.left is None or node.right is None:
            return [(way, node)]
        said = described(node.feature)
        return [
            *self._ways(node.left, [*way, f"{said} ≤ {node.threshold:g}"]),
            *self._ways(node.right, [*way, f"{said} > {node.threshold:g}"]),
        ]


def described(feature: str) -> str:
    """A feature in words: `most_300` is "most events in 300 s"."""
    kind, _, seconds = feature.partition("_")
    words = {"most": "most events", "mean": "mean events", "pages": "different pages"}
    return f"{words[kind]} in {seconds} s"
