"""Links between identities in; who belongs together, and which links were not followed and why, out.

Identities that are linked, directly or through others, are one person: a connected component of the graph.
Two rules keep people apart who share a device, or an address: a person has at most one value of a *unique*
namespace, and at most so many identities in all. Where a component breaks a rule, its links are followed one
by one, the strongest first, and those that would break it are not. Strength is the priority of the weaker
end, then the time at which the link was last seen, the newest first; so the answer depends on the links, and
not on the order in which they came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

Labels = NDArray[np.int64]
REASONS = pl.Enum(["unique", "most"])
REFUSED = pl.Schema({"left": pl.Int64(), "right": pl.Int64(), "reason": REASONS})
"""Links that were not followed: a second value of a unique namespace, or too many identities."""


@dataclass(frozen=True)
class Rules:
    """What keeps people apart."""

    unique: frozenset[str] = frozenset()
    """Namespaces of which a person has one value at most."""
    priority: Mapping[str, int] = field(default_factory=dict)
    """By namespace; links of higher ones are followed first. Those that are not named have 0."""
    most: int = 50
    """Identities of a person."""


@dataclass(frozen=True)
class People:
    """An answer: for each identity the least one of its person, and the links that were not followed."""

    label: Labels
    refused: pl.DataFrame


def people(namespaces: pl.Series, links: pl.DataFrame, rules: Rules) -> People:
    """Find the people.

    `namespaces` names the namespace of each identity, whose number is its place; `links` has `left` and
    `right`, numbers of identities (Int64), and `seen`, when they were last seen together.
    """
    left, right = links["left"].to_numpy(), links["right"].to_numpy()
    label = components(len(namespaces), left, right)
    broken = _broken(label, namespaces, rules)
    if not broken.any():
        return People(label, pl.DataFrame(schema=REFUSED))
    theirs = links.filter(pl.Series(broken[left]))
    apart = np.flatnonzero(broken)
    label[apart] = apart
    return People(label, _followed(label, namespaces, _by_strength(theirs, namespaces, rules), rules))


def components(count: int, left: Labels, right: Labels) -> Labels:
    """The least identity of each one's component."""
    # Loaded where it is used: half a second, which tasks that find no people must not wait for.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    # Of each component the first to occur is the least.
    _, first = np.unique(component, return_index=True)
    return np.asarray(first[component], dtype=np.int64)


def _broken(label: Labels, namespaces: pl.Series, rules: Rules) -> NDArray[np.bool_]:
    """Whether each identity is in a component that breaks a rule."""
    broken = np.bincount(label, minlength=len(label)) > rules.most
    for name in rules.unique:
        broken |= np.bincount(label[(namespaces == name).to_numpy()], minlength=len(label)) > 1
    return np.asarray(broken[label])


def _by_strength(links: pl.DataFrame, namespaces: pl.Series, rules: Rules) -> pl.DataFrame:
    priority = namespaces.replace_strict(dict(rules.priority), default=0, return_dtype=pl.Int64)
    weaker = pl.min_horizontal(priority.gather(links["left"]), priority.gather(links["right"]))
    ends = {"low": pl.min_horizontal("left", "right"), "high": pl.max_horizontal("left", "right")}
    ranked = links.with_columns(weaker.alias("priority"), **ends)
    return ranked.sort("priority", "seen", "low", "high", descending=[True, True, False, False])


def _followed(label: Labels, namespaces: pl.Series, links: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Follow links in their order as far as the rules allow, in `label`; returns those that were not."""
    parent: dict[int, int] = {}
    size: dict[int, int] = {}
    unique = {name: number for number, name in enumerate(sorted(rules.unique))}
    has: dict[int, int] = {}
    refused: list[tuple[int, int, str]] = []

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    kinds = namespaces.replace_strict(unique, default=None, return_dtype=pl.Int64)
    for node in np.unique(np.concatenate([links["left"].to_numpy(), links["right"].to_numpy()])).tolist():
        kind = kinds[node]
        # Unique namespaces that somebody has a value of, as bits.
        parent[node], size[node], has[node] = node, 1, 0 if kind is None else 1 << kind
    for left, right in links.select("left", "right").iter_rows():
        one, other = sorted((root(left), root(right)))
        if one == other:
            continue
        if has[one] & has[other]:
            refused.append((left, right, "unique"))
        elif size[one] + size[other] > rules.most:
            refused.append((left, right, "most"))
        else:
            # The least identity stands for all.
            parent[other] = one
            has[one] |= has[other]
            size[one] += size[other]
    for node in has:
        label[node] = root(node)
    return pl.DataFrame(refused, schema=REFUSED, orient="row")
