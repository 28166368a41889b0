"""`python -m perennial.propose FILE NAME`: a file of your own in, `include/datasets/NAME.yaml` for it out."""

import argparse
import sys
from pathlib import Path

from perennial.documents import load
from perennial.errors import TerminalError
from perennial.settings import Settings
from perennial.signals.dataset import Dataset
from perennial.signals.proposing import Trial, first_rows, propose, tried, written

SHOWN = 5
"""Reasons for bad rows."""


def main(arguments: list[str]) -> int:
    """Write the document, and say what it makes of the file; 1 with an explanation if that is impossible."""
    parser = argparse.ArgumentParser(prog="python -m perennial.propose", description=__doc__)
    parser.add_argument("file", type=Path, help="CSV, JSON lines or Parquet, compressed or not")
    parser.add_argument("name", help="the dataset's name: small letters, digits and underscores")
    given = parser.parse_args(arguments)
    settings = Settings.from_env()
    try:
        document, trial = _propose(given.file, given.name, settings.include / "datasets")
    except TerminalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print(_told(document, trial))
    print(
        f"\nLook at what has a comment. Then put the file into {settings.landing}/{given.name}/, and trigger "
        "signals_history in Airflow, with this dataset in its form."
    )
    return 0 if trial.good == trial.rows else 2


def _propose(file: Path, name: str, folder: Path) -> tuple[Path, Trial]:
    document = folder / f"{name}.yaml"
    if not name.isidentifier() or name != name.lower():
        raise TerminalError(f"{name}: small letters, digits and underscores make a name, such as orders")
    if not file.is_file():
        raise TerminalError(f"{file}: no such file")
    if document.exists():
        raise TerminalError(
            f"{document} is there already, and stays as it is; remove it, or choose another name"
        )
    rows, source = first_rows(file)
    title = name.replace("_", " ").capitalize()
    proposal = propose(title, rows, {"history": f"{name}/*{''.join(file.suffixes[-2:])}", **source})
    folder.mkdir(parents=True, exist_ok=True)
    document.write_text(written(proposal), encoding="utf-8")
    return document, tried(file, load(document, Dataset))


def _told(document: Path, trial: Trial) -> str:
    lines = [f"{document}:", "", document.read_text(encoding="utf-8")]
    lines.append(f"With it, {trial.good:,} of the file's {trial.rows:,} rows are good.")
    if trial.repeated:
        lines.append(f"{trial.repeated:,} have the key of another row: they would count once.")
    lines += [f"  {count:,} rows: {reason}" for reason, count in trial.reasons.most_common(SHOWN)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
