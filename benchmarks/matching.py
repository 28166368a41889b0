"""Joining two tables by what is alike: a million people with a million, a million products with a million.

Half of each side is on the other side, too, with letters mistyped, values missing, words left out and model
numbers written otherwise; what is whose is known. Our time is that of matching: rows in memory in, pairs one
to one with a score and why out. Learning the model of people is part of it.

The floor of people is DuckDB joining the same blocks and comparing every field of each pair: no model, no
weights, nothing picked. The peer of products is scikit-learn's `TfidfVectorizer` and the product of both
sides' matrices, all with all, of the small scale's rows, since its time grows with the square. Equal is
that it gives our pairs our scores; how many of its pairs are ours, too, is told beside.
"""

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from common import Benchmark, measured
from matching_data import write

from perennial.matching import people, products
from perennial.matching.definition import Match, PeopleMatch, ProductMatch
from perennial.matching.pairing import picked
from perennial.matching.terms import squashed

RECORDS = {"small": 20_000, "tenth": 100_000, "full": 1_000_000}
SIDES = {"left": {"table": "left", "key": "id"}, "right": {"table": "right", "key": "id"}}
PEOPLE = PeopleMatch.model_validate(
    SIDES
    | {
        "name": "people",
        "title": "People",
        "compare": {
            "given_name": "name",
            "surname": "name",
            "date_of_birth": "code",
            "street": "text",
            "postcode": "code",
        },
        "blocks": [
            ["date_of_birth", "postcode"],
            ["surname", "date_of_birth"],
            ["given_name", "date_of_birth"],
            ["street"],
            ["surname", "given_name"],
        ],
        "threshold": 0.9,
    }
)
THRESHOLD = 0.45
PRODUCTS = ProductMatch.model_validate(
    SIDES
    | {"name": "products", "title": "Products", "kind": "products", "text": ["name"]}
    | {"threshold": THRESHOLD, "review": THRESHOLD}
)


def sides(folder: Path, kind: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both sides' rows."""
    left, right = (pl.read_parquet(folder / f"{kind}_{side}.parquet") for side in ("left", "right"))
    return left.with_row_index("__row"), right.with_row_index("__row")


def quality(pairs: pl.DataFrame, left: pl.DataFrame, right: pl.DataFrame) -> dict[str, float]:
    """Precision, recall and F1 of pairs."""
    good = int((left["id"][pairs["left"]] == right["id"][pairs["right"]]).sum())
    both = left.join(right, on="id", how="semi").height
    precision, recall = good / max(pairs.height, 1), good / both
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
    }


def ours(folder: Path, match: Match) -> dict[str, Any]:
    """Match, and say how good it is."""
    left, right = sides(folder, match.name)
    if isinstance(match, PeopleMatch):
        found, _ = people.matched(left, right, match)
        kept = picked(found.filter(pl.col("score") >= match.threshold), match.pairs, "weight")
    elif isinstance(match, ProductMatch):
        compared = products.texts(left, right, match)
        found = products.matched(left, right, match, compared)
        kept = products.explained(picked(found, match.pairs), compared)
        found.write_parquet(folder / "found.parquet")
    return {"pairs": kept.height, **quality(kept, left, right)}


def floor(folder: Path) -> int:
    """Every field of every pair of the blocks compared, in DuckDB."""
    alike = {
        "name": "jaro_winkler_similarity",
        "text": "jaro_winkler_similarity",
        "code": "damerau_levenshtein",
    }
    compared = [f"sum({alike[each.by]}(l.{name}, r.{name}))" for name, each in PEOPLE.compare.items()]
    with duckdb.connect(config={"threads": 2}) as connection:
        for side in ("left", "right"):
            connection.execute(f"CREATE TABLE {side}_ AS FROM '{folder}/people_{side}.parquet'")
        blocks = " UNION ".join(
            f"SELECT l.id AS a, r.id AS b FROM left_ l JOIN right_ r USING ({', '.join(block)})"
            for block in PEOPLE.blocks
        )
        sql = f"""SELECT count(*), {", ".join(compared)} FROM ({blocks}) pairs
                  JOIN left_ l ON l.id = pairs.a JOIN right_ r ON r.id = pairs.b"""
        return int(connection.execute(sql).fetchall()[0][0])


def peer(folder: Path) -> dict[str, Any]:
    """Scikit-learn, all with all: whether our pairs have its scores, and which share of its pairs is ours."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    left, right = sides(folder, "products")
    texts = squashed(pl.concat([left["name"], right["name"]])).to_list()
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), sublinear_tf=True).fit_transform(texts)
    ours, theirs = vectors[: left.height], vectors[left.height :].T.tocsr()
    parts = []
    for at in range(0, left.height, 500):
        scores = (ours[at : at + 500] @ theirs).tocoo()
        enough = scores.data >= THRESHOLD
        columns = {"left": scores.row[enough] + at, "right": scores.col[enough], "peers": scores.data[enough]}
        parts.append(pl.DataFrame(columns).cast({"left": pl.UInt32, "right": pl.UInt32}))
    every = pl.concat(parts)
    both = pl.read_parquet(folder / "found.parquet").join(every, on=["left", "right"], how="left")
    same = both.select((pl.col("score") - pl.col("peers")).abs().fill_null(1).max() < 1e-8).item()
    return {"same": bool(same), "share": both.height / max(every.height, 1)}


def run(benchmark: Benchmark) -> dict[str, Any]:
    """People, then products."""
    records = RECORDS[benchmark.scale]
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as name:
        folder, small = Path(name), Path(name, "small")
        write(folder, records)
        small.mkdir()
        write(small, RECORDS["small"])
        figures: dict[str, Any] = {"records": records}
        least = measured(floor, folder)
        benchmark.say(f"floor of people: {least}")
        for match in (PEOPLE, PRODUCTS):
            each = measured(ours, folder, match)
            benchmark.say(f"{match.name}: {each}")
            figures |= {f"{match.name}_{key}": value for key, value in each.result.items()}
            figures[f"{match.name}_seconds"] = each.seconds
            figures[f"{match.name}_cpu_seconds"] = each.cpu_seconds
            figures[f"{match.name}_peak_gb"] = each.peak_gb
        figures["people_ratio_to_floor"] = figures["people_cpu_seconds"] / least.cpu_seconds
        figures["people_floor_pairs"] = least.result
        same_rows, all_pairs = measured(ours, small, PRODUCTS), measured(peer, small)
        benchmark.say(f"peer of products: {all_pairs}; ours of the same rows: {same_rows}")
        figures["products_speedup_vs_scikit_learn"] = all_pairs.cpu_seconds / same_rows.cpu_seconds
        figures["products_share_of_all_pairs"] = all_pairs.result["share"]
        figures["equal"] = all_pairs.result["same"]
    return figures


if __name__ == "__main__":
    Benchmark(str(__doc__), scales=("small", "tenth", "full")).main(run)
