"""Datasets in; how OpenLineage names them, by its naming specification, out: a namespace and a name in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from perennial.lineage.model import Dataset, Place

LOCAL = "file"


@dataclass(frozen=True)
class Places:
    """Where the places of a deployment are; credentials stand in none of them."""

    roots: Mapping[Place, str]
    """Folders, or URIs of object stores."""
    store: str = ""
    """PostgreSQL's URL."""
    brokers: str = ""
    """The stream's log where it is Kafka: `kafka://host:9092/prefix`."""

    def named(self, dataset: Dataset) -> tuple[str, str]:
        """The namespace, and the name in it."""
        if dataset.place == "store":
            parts = urlsplit(self.store)
            return (
                f"postgres://{parts.hostname}:{parts.port or 5432}",
                f"{parts.path.strip('/')}.{dataset.name}",
            )
        if dataset.place == "stream" and self.brokers:
            parts = urlsplit(self.brokers)
            topic = ".".join(filter(None, (parts.path.strip("/"), dataset.name)))
            return f"kafka://{parts.netloc.split(',')[0]}", topic
        if dataset.place == "elsewhere" or "://" in dataset.name:
            return split(dataset.name)
        root = self.roots["spool" if dataset.place == "stream" else dataset.place]
        return split(root if dataset.name == "." else f"{root.rstrip('/')}/{dataset.name}")


def split(place: str) -> tuple[str, str]:
    """`s3://bucket/a/b` is `a/b` in `s3://bucket`; a path of this machine is itself, in `file`."""
    if "://" not in place:
        return LOCAL, str(Path(place).absolute())
    parts = urlsplit(place)
    if parts.scheme == LOCAL:
        return LOCAL, parts.path
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}", parts.path.strip("/") or "/"
