"""The environment's variables that the code reads in; what each is for out."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

from generator.markdown import code, first, page, prose, table
from perennial import docstrings
from perennial.campaigns.settings import CampaignSettings
from perennial.collector.limits import Limits
from perennial.collector.providers import PROVIDERS
from perennial.collector.settings import CollectorSettings
from perennial.hooks.destinations import HOOKS
from perennial.hooks.sftp import SftpHook
from perennial.hooks.spark import SparkHook
from perennial.settings import REPOSITORY, Settings

VARIABLE = re.compile(r"PERENNIAL_[A-Z_]*[A-Z]")
HEAD = ["Variable", "Default", "What it is"]
OTHERS = [
    ("PERENNIAL_STATE", "`.perennial` of the checkout", "Folder of whatever has no place of its own"),
    (
        "PERENNIAL_STREAM_SCHEDULE",
        "`@hourly`",
        "When `signals_stream` runs, beside whenever messages have come: cron, UTC",
    ),
]
CONNECTIONS = [
    ("perennial_store", "postgres", "The store, as its owner"),
    ("perennial_store_reader", "postgres", "The store, as the role that dashboards read with"),
    (SparkHook.default_conn_name, SparkHook.conn_type, "Where documents with `engine: spark` are computed"),
    (
        "smtp_default",
        "smtp",
        "The mail server of reports, campaigns and alerts, unless their documents name another",
    ),
    (SftpHook.default_conn_name, SftpHook.conn_type, "Files over SFTP, unless the activation names another"),
]


def settings_page() -> str:
    """The page of variables, and of the connections that are asked for by name."""
    webhooks = [
        (code(each.setting), "", f"Keys of {each.title}'s webhook, with commas between them")
        for each in PROVIDERS
    ]
    return page(
        "Settings",
        "Where things are, and how processes differ, stands in the environment; what the business is, in"
        " [documents](README.md#documents); addresses and secrets of others, in Airflow's connections.",
        "## All processes",
        _variables([*OTHERS, *_of(Settings)]),
        "## Campaigns",
        "For Airflow and the collector; [campaigns.md](../campaigns.md#setting-it-up).",
        _variables(_of(CampaignSettings)),
        "## The collector",
        table(HEAD, [*_named(_of(CollectorSettings)), *webhooks]),
        "## Limits of the collector",
        prose(Limits.__doc__),
        table(HEAD, _limits()),
        "## Docker Compose",
        "`.env` beside `docker-compose.yaml`, a copy of `.env.example`.",
        table(HEAD, _compose(REPOSITORY / ".env.example")),
        "## Connections",
        "In Airflow, by these names. Datasets and activations name further ones.",
        table(["Connection", "Type", "What it leads to"], _connections()),
    )


def _variables(found: Iterable[tuple[str, str, str]]) -> str:
    return table(HEAD, _named(found))


def _named(found: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    return ((code(name), default, said) for name, default, said in found)


def _connections() -> Iterator[tuple[str, str, str]]:
    for name, kind, said in CONNECTIONS:
        yield code(name), code(kind), said
    for kind, hook in HOOKS.items():
        yield code(hook.default_conn_name), code(kind), f"{hook.hook_name}; each activation names its own"


def _of(settings: Any) -> Iterator[tuple[str, str, str]]:
    """The variable, the default and the meaning of each field that `from_env` reads by itself."""
    said = docstrings.of_class(settings)
    (function,) = ast.parse(dedent(inspect.getsource(settings.from_env))).body
    assigned = {
        node.targets[0].id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    call = next(
        n for n in ast.walk(function) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "cls"
    )
    for argument in call.keywords:
        names = {each.id for each in ast.walk(argument.value) if isinstance(each, ast.Name)} - {"state"}
        values = [argument.value, *(assigned[name] for name in sorted(names & assigned.keys()))]
        found = [read for value in values for read in _reads(value)]
        if found:
            name, default = found[0]
            yield name, default, prose(said.get(str(argument.arg), ""))


def _reads(value: ast.expr) -> Iterator[tuple[str, str]]:
    for node in ast.walk(value):
        constants = [each for each in getattr(node, "args", []) if isinstance(each, ast.Constant)]
        if isinstance(node, ast.Call) and constants and VARIABLE.fullmatch(str(constants[0].value)):
            whole = ast.unparse(value)
            yield (
                str(constants[0].value),
                _default(ast.unparse(node.args[1]) if len(node.args) > 1 else whole),
            )


def _default(text: str) -> str:
    if place := re.search(r"(state|REPOSITORY) / '([\w.]+)'", text):
        return f"`{place[2]}` in " + ("`PERENNIAL_STATE`" if place[1] == "state" else "the checkout")
    return code(text.strip("'")) if re.fullmatch(r"'[^']+'", text) else ""


def _limits() -> list[tuple[str, str, str]]:
    said = docstrings.of_class(Limits)
    return [
        (code(f"PERENNIAL_COLLECTOR_{name.upper()}"), f"{default:,}", first(said.get(name, "")))
        for name, default in ((field.name, field.default) for field in Limits.__dataclass_fields__.values())
    ]


def _compose(file: Path) -> list[tuple[str, str, str]]:
    """Each variable with the comment above it; several that follow each other share theirs."""
    found = []
    for block in re.findall(r"((?:# .+\n)+)((?:#?[A-Z_]+=.*\n)+)", file.read_text(encoding="utf-8")):
        said = " ".join(line.removeprefix("# ") for line in block[0].splitlines())
        for commented, name, value in re.findall(r"^(#?)([A-Z_]+)=(.*)$", block[1], re.MULTILINE):
            default = code(value) if value else "empty" if commented else "**to be set**"
            found.append((code(name), default, said))
    return found
