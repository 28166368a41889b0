"""The keys of an activation that say how its files are written, and where."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from perennial.activation.destinations.files.names import Name
from perennial.documents import Document

Format = Literal["csv", "json", "parquet"]
ENDINGS: dict[Format, str] = {"csv": ".csv", "json": ".jsonl", "parquet": ".parquet"}
SFTP = "sftp"
STORES = ("s3", "gs", "az", "abfs", "abfss")
STATUS = "audience.status"
"""What a mapping names to have a column that says who is in the audience, and who has left."""


def _place(path: str) -> str:
    parts = urlsplit(path)
    if parts.username or parts.password:
        raise ValueError("credentials belong into the Airflow connection, not into the path")
    if not parts.scheme and not parts.netloc and path.strip("/. ") and ".." not in parts.path.split("/"):
        return path
    if parts.scheme in (SFTP, *STORES) and ".." not in parts.path.split("/") and not parts.query:
        return path
    known = ", ".join(f"{scheme}://" for scheme in (SFTP, *STORES))
    raise ValueError(f"expected a folder such as /exports/mail or agency, or a URI with one of {known}")


class Files(Document):
    """How an audience becomes files."""

    path: Annotated[str, AfterValidator(_place)]
    """The folder: `/exports/mail`, `sftp://host/inbound`, `s3://bucket/folder`, `gs://...`, `az://...`; or
    `agency`, which is below `PERENNIAL_EXPORTS`."""
    format: Format = "csv"
    """`csv`, `json` (an object a line) or `parquet`."""
    name: Name = "{activation}_{audience}_{as_of:%Y%m%d}"
    """The file's name without its ending; without `as_of`, each run overwrites the file."""
    rows: Annotated[int, Field(ge=1)] = 5_000_000
    """How many rows a file holds at most; then come `_2`, `_3` and so on."""
    changes: bool = False
    """Whether `incremental` files hold also those who stay and whose columns changed."""
    delimiter: Annotated[str, Field(pattern=r"^[,;|\t]$")] = ","
    """Between the fields of a CSV file: `,`, `;`, `|` or a tab."""
    encrypt: Annotated[str, Field(pattern=r"^\w[\w-]*(\.[\w-]+)*(/\w[\w-]*(\.[\w-]+)*)*$")] | None = None
    """A file below `include/` with the receiver's public OpenPGP key; encrypted files end in `.pgp`."""

    @property
    def scheme(self) -> str:
        """What kind of place it is; empty for a folder of this machine."""
        return urlsplit(self.path).scheme

    @property
    def ending(self) -> str:
        """The ending of the files' names."""
        return ENDINGS[self.format] + (".pgp" if self.encrypt else "")
