"""What one stack remembers between commands: its folder, its ports, where its PostgreSQL's data is.

Two stacks with different folders share nothing, and run at the same time.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from perennial.local import binaries
from perennial.local.ports import free_ports
from perennial.settings import REPOSITORY

FOLDER_VARIABLE = "PERENNIAL_STATE"
INCLUDE_VARIABLE = "PERENNIAL_INCLUDE"
INCLUDE = REPOSITORY / "include"
"""The product's documents, which are the demo's."""
WISHES: dict[str, int | None] = {"airflow": 8080, "postgres": None, "collector": None, "sandbox": None}
"""The services that listen, and the port that each would like."""


@dataclass(frozen=True)
class State:
    """The folder of a stack and what stands in its `state.json`."""

    folder: Path
    postgres: Path
    """PostgreSQL's data; outside `folder` where the server's account cannot enter that."""
    ports: dict[str, int]
    """One for each name in `WISHES`."""
    include: Path = INCLUDE
    """The documents that it works with."""

    @property
    def airflow_home(self) -> Path:
        """Airflow's own files: logs, above all."""
        return self.folder / "airflow"

    @property
    def logs(self) -> Path:
        """The processes' output, a file for each."""
        return self.folder / "logs"

    @property
    def landing(self) -> Path:
        """Where the demo's source systems drop their files."""
        return self.folder / "landing"

    def renewed(self) -> "State":
        """For a stack of which nothing runs: the same ports where they are still free, others where not.

        With the documents of `PERENNIAL_INCLUDE`, if that is given.
        """
        renewed = replace(self, ports=free_ports(dict(self.ports)), include=wanted_include() or self.include)
        renewed._save()
        return renewed

    def _save(self) -> None:
        content = {name: value for name, value in asdict(self).items() if name != "folder"}
        partial = self.folder / "state.json.new"
        partial.write_text(json.dumps(content, default=str, indent=2) + "\n")
        partial.replace(self.folder / "state.json")


def default_folder() -> Path:
    """`PERENNIAL_STATE`, or `.perennial` in the checkout; absolute."""
    return Path(os.environ.get(FOLDER_VARIABLE) or REPOSITORY / ".perennial").resolve()


def wanted_include() -> Path | None:
    """`PERENNIAL_INCLUDE`, absolute; None where a person has not said."""
    wanted = os.environ.get(INCLUDE_VARIABLE)
    return Path(wanted).resolve() if wanted else None


def find(folder: Path) -> State | None:
    """The state in a folder; None before the stack's first start."""
    try:
        content = json.loads((folder / "state.json").read_text())
    except FileNotFoundError:
        return None
    include = Path(content.get("include", INCLUDE))
    return State(folder=folder, postgres=Path(content["postgres"]), ports=content["ports"], include=include)


def find_or_create(folder: Path) -> State:
    """The state in a folder, made if it is not there yet."""
    if (known := find(folder)) is not None:
        return known
    folder.mkdir(parents=True, exist_ok=True)
    state = State(folder, binaries.data_folder(folder / "postgres"), free_ports(WISHES))
    state._save()
    return state


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the stack's lock: of two commands that start or stop it, the second waits for the first."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
