"""A proposal in, the YAML of its document out, with what was guessed beside it."""

from typing import Any

import yaml

from perennial.signals.proposing.document import Proposal


def written(proposal: Proposal) -> str:
    """As a person would write it: one line a column, and a comment where something is to be looked at."""
    content, lines = proposal.content, ["# yaml-language-server: $schema=../schemas/datasets.json"]
    for name, value in content.items():
        doubt = proposal.doubts.get(name)
        if name == "source":
            lines += ["source:", *(f"  {key}: {_flow(each)}" for key, each in value.items())]
        elif name == "identities":
            lines += [f"identities:{_comment(doubt)}", *(f"  - {_flow(each)}" for each in value)]
        elif name == "columns":
            lines.append("columns:")
            for column, each in value.items():
                lines.append(f"  {_flow(column)}: {_flow(each)}{_comment(proposal.doubts.get(column))}")
        else:
            lines.append(f"{name}: {_flow(value)}{_comment(doubt)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True
    )
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _comment(doubt: str | None) -> str:
    return f"    # {doubt}" if doubt else ""
