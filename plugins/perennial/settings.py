"""Where the documents, the lake and the incoming files are: read from the environment, once, at the edge.

Domain functions take these as arguments; only operators, services and commands call `Settings.from_env`.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """Locations of one deployment."""

    include: Path
    """Folder of the documents: datasets, value, audiences, activations, dashboards, sql."""
    lake: str
    """Root of the lake: a folder, or a URI of an object store."""
    landing: str
    """Where source systems drop their files: a folder, or a URI of an object store."""
    spool: Path
    """Folder of the collector's durable log."""
    index_folder: Path | None = None
    """Folder of the indexes of event ids, on a local disk; it may be lost."""
    staging_folder: Path | None = None
    """Folder of the files of batches that are being uploaded; the collector and the workers share it."""
    stream_log: str | None = field(default=None, repr=False)
    """Where messages wait to land: `kafka://host:9092/prefix`; by default the folder `spool`."""
    exports_folder: Path | None = None
    """Folder below which activations to files write, where their path is a relative one."""
    report_domains: frozenset[str] = frozenset()
    """To which domains reports may be sent by e-mail; to all, if there are none."""

    @property
    def index(self) -> Path:
        """Folder of the indexes of event ids, on a local disk; it may be lost."""
        return self.index_folder or self.spool / ".index"

    @property
    def staging(self) -> Path:
        """Folder of the files of batches that are being uploaded; what reads them must see it too."""
        return self.staging_folder or self.spool / ".staging"

    @property
    def exports(self) -> Path:
        """Folder below which activations to files write, where their path is a relative one."""
        return self.exports_folder or self.spool.parent / "exports"

    @classmethod
    def from_env(cls) -> "Settings":
        """Read `PERENNIAL_INCLUDE`, `_LAKE`, `_LANDING`, `_SPOOL`, `_INDEX`, `_STAGING`, `_EXPORTS`,
        `_STREAM_LOG` and `_REPORT_DOMAINS`.

        What is not set lies in `PERENNIAL_STATE`, by default the folder `.perennial` of the checkout.
        """
        state = Path(os.environ.get("PERENNIAL_STATE", REPOSITORY / ".perennial"))
        return cls(
            include=Path(os.environ.get("PERENNIAL_INCLUDE", REPOSITORY / "include")),
            lake=os.environ.get("PERENNIAL_LAKE", str(state / "lake")),
            landing=os.environ.get("PERENNIAL_LANDING", str(state / "landing")),
            spool=Path(os.environ.get("PERENNIAL_SPOOL", state / "spool")),
            index_folder=Path(os.environ.get("PERENNIAL_INDEX", state / "index")),
            staging_folder=Path(os.environ.get("PERENNIAL_STAGING", state / "staging")),
            exports_folder=Path(os.environ.get("PERENNIAL_EXPORTS", state / "exports")),
            stream_log=os.environ.get("PERENNIAL_STREAM_LOG") or None,
            report_domains=frozenset(
                each.strip().lower()
                for each in os.environ.get("PERENNIAL_REPORT_DOMAINS", "").split(",")
                if each.strip()
            ),
        )
