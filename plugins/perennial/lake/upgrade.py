"""A lake's root in; its tables, brought up to date without losing a row, and what was done, out."""

from perennial.errors import TerminalError
from perennial.lake import files, storage
from perennial.lake.catalog import Lake
from perennial.lake.history import LOG
from perennial.lake.maintenance import tables
from perennial.lake.versions import VERSION, note_version, refuse_newer, version_of

GONE = ("profiles/identities",)
"""Tables that no release reads any more, and no erasure looks into: what they said stands elsewhere."""


def wanted(root: str) -> list[str]:
    """What is to be done, a line each. Raises `LakeIsNewer`."""
    refuse_newer(root)
    was = version_of(root)
    if was is None or was == VERSION:
        return []
    there = tables(root)
    removed = [f"{name} is removed" for name in there if name in GONE]
    added = [f"{name} gets {', '.join(lacking)}" for name in there if (lacking := _lacking(root, name))]
    return [*removed, *added, f"version {was} -> {VERSION}"]


def upgrade(root: str) -> list[str]:
    """Do it; run again, it does nothing. A run that was interrupted goes on where it was."""
    steps = wanted(root)
    for name in tables(root) if steps else ():
        if name in GONE:
            storage.drop(root, name, last=LOG)
        elif _lacking(root, name) and (schema := Lake(root).named(name).schema) is not None:
            # Columns that a table has got since are empty in its older rows, for every reader alike.
            files.create(Lake(root).named(name), schema)
    if steps:
        note_version(root)
    return steps


def _lacking(root: str, name: str) -> list[str]:
    """The columns that a table was declared with since it was made."""
    try:
        table = Lake(root).named(name)
    except TerminalError:
        return []
    if table.schema is None or name in GONE:
        return []
    known = {field.name for field in table.open().schema().fields}
    return [column for column in table.schema if column not in known]
