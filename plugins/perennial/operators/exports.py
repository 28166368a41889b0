"""An activation's document and its Airflow connection in; where its files go out."""

from pathlib import Path
from typing import TYPE_CHECKING

from perennial.operators.storage import storage_options

if TYPE_CHECKING:
    from perennial.activation.definition import DestinationReference
    from perennial.activation.destinations.files.definition import Files
    from perennial.activation.destinations.files.places import Place
    from perennial.activation.destinations.files.run import Receiver
    from perennial.settings import Settings


def receiver(files: "Files", destination: "DestinationReference", settings: "Settings") -> "Receiver":
    """Where the files go; nothing is sent yet."""
    from perennial.activation.destinations.files.run import Receiver

    return Receiver(_place(files, destination.connection, settings.exports), settings.include)


def _place(files: "Files", connection: str, exports: Path) -> "Place":
    from perennial.activation.destinations.files.definition import SFTP
    from perennial.activation.destinations.files.places import Folder, ObjectStore

    if not files.scheme:
        return Folder(str(exports / files.path))
    if files.scheme != SFTP:
        return ObjectStore(files.path, storage_options(connection))
    from perennial.activation.destinations.files.sftp import SftpFolder
    from perennial.hooks.sftp import SftpHook

    return SftpFolder(SftpHook(connection).get_conn(), files.path)
