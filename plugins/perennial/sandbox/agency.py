"""Stand-in for a market-research agency: its survey's answers, uploaded through the collector's batch API.

The file is what agencies deliver: separated by semicolons, in Windows' encoding, with decimal commas. Three
of its rows break a rule.
"""

import hashlib
from datetime import date, datetime, time, timedelta

import polars as pl
import requests

from perennial.sandbox.sources import FIRST_DAY, packaged

DATASET = "survey_answers"
NAME = "answers.csv"
WORDS = {
    9: "Très bien, merci",
    7: "Good value – friendly staff",
    5: "OK; parking is difficult",
    0: "Too few tills, long queues…",
}
CHUNK = 16 * 1024


def answers() -> bytes:
    """The file's content; the same whenever it is made."""
    households = (
        pl.scan_parquet(packaged("transactions"))
        .select(pl.col("household_id").unique().cast(pl.Int64).sort())
        .collect()["household_id"]
        .to_list()
    )
    lines = ["household;answered;recommend;satisfaction;comment"]
    for household in households[::3]:
        code = int(hashlib.sha256(str(household).encode()).hexdigest()[:8], 16)
        day = FIRST_DAY - timedelta(days=1 + code % 20)
        score = min(10, 3 + code % 9)
        words = next(text for least, text in WORDS.items() if score >= least)
        lines.append(_line(household, day, score, f"{1 + (code % 41) / 10:.1f}".replace(".", ","), words))
    lines.append(_line(1, FIRST_DAY, 11, "4,0", "eleven of ten"))
    lines.append(_line(2, FIRST_DAY, 8, "four", "a word for a number"))
    lines.append(f"3;{FIRST_DAY:%d.%m.%Y} 12:00")
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def upload(url: str, token: str) -> str:
    """Create a batch, send its file in chunks, complete it; returns the batch's id."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    created = session.post(f"{url}/batches", json={"dataset": DATASET, "note": "winter wave"}, timeout=30)
    created.raise_for_status()
    batch, content = created.json()["id"], answers()
    for first in range(0, len(content), CHUNK):
        piece = content[first : first + CHUNK]
        place = f"bytes {first}-{first + len(piece) - 1}/{len(content)}"
        sent = session.patch(
            f"{url}/batches/{batch}/files/{NAME}", data=piece, headers={"content-range": place}, timeout=30
        )
        sent.raise_for_status()
    session.post(f"{url}/batches/{batch}/complete", timeout=30).raise_for_status()
    return str(batch)


def _line(household: int, day: date, recommend: int, satisfaction: str, comment: str) -> str:
    moment = datetime.combine(day, time(12))
    quoted = f'"{comment}"' if ";" in comment else comment
    return f"{household};{moment:%d.%m.%Y %H:%M};{recommend};{satisfaction};{quoted}"
