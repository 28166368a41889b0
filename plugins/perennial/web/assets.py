"""Static files from memory: the folder `static`, the themes' CSS, and Vega's bundle; nothing from a CDN.

Each file is known by name, so that a path leads nowhere else; the version in the address makes caching safe.
"""

import hashlib
import threading
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path

from perennial.web.themes import css
from perennial.web.vega_process import run_vega

FOLDER = Path(__file__).parent / "static"
VEGA = "vega.js"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_building = threading.Lock()


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    media_type: str


@cache
def _files() -> dict[str, Asset]:
    files = {path.name: Asset(path.read_bytes(), _TYPES[path.suffix]) for path in sorted(FOLDER.iterdir())}
    return {**files, "theme.css": Asset(css().encode(), _TYPES[".css"])}


@cache
def version() -> str:
    """Changes whenever a file or the bundled Vega does."""
    digest = hashlib.sha256(installed("vl-convert-python").encode())
    for name, asset in _files().items():
        digest.update(name.encode() + asset.content)
    return digest.hexdigest()[:12]


@cache
def _bundle() -> Asset:
    return Asset(run_vega("bundle"), _TYPES[".js"])


def asset(name: str) -> Asset | None:
    """The file of this name; Vega's bundle takes a second, once a process."""
    if name == VEGA:
        with _building:
            return _bundle()
    return _files().get(name)


def warm_up() -> None:
    """Build the bundle in the background, before the first browser asks for it."""
    threading.Thread(target=asset, args=(VEGA,), name="perennial-vega", daemon=True).start()
