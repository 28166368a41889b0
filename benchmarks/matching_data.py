"""How many records in; two sides of people and of products that are the same ones, written otherwise, out."""

from pathlib import Path

import numpy as np
import polars as pl

SYLLABLES = ["ka", "lo", "mir", "ten", "sa", "dor", "vel", "qui", "ran", "bo", "shi", "nek", "pla", "tur",
             "gis", "wo", "fen", "har", "zu", "lim", "cor", "ped", "jas", "yon", "ers", "oth"]  # fmt: skip
KINDS = ["speaker", "switch", "camera", "printer", "headphones", "monitor", "keyboard", "router", "charger",
         "television", "receiver", "washer", "dryer", "microwave", "battery", "cable", "adapter", "projector",
         "scanner", "telephone", "turntable", "freezer", "recorder", "lens", "tripod"]  # fmt: skip
COLOURS = ["black", "white", "silver", "red", "blue", "stainless steel", "graphite", "titanium"]
TRAITS = ["wireless", "digital", "portable", "compact", "stereo", "rechargeable", "professional", "series",
          "system", "with remote control", "high definition", "energy star", "dual", "bluetooth"]  # fmt: skip


def write(folder: Path, records: int, seed: int = 7) -> None:
    """`people_left.parquet` and so on; `id` says who is who on both sides, half a side is on the other."""
    rng = np.random.default_rng(seed)
    for name, made, written in (("people", people, retyped), ("products", products, retold)):
        both = made(records * 3 // 2, rng).with_row_index("id")
        both.head(records).write_parquet(folder / f"{name}_left.parquet")
        other = written(both.tail(records), rng).sample(fraction=1, shuffle=True, seed=seed)
        other.write_parquet(folder / f"{name}_right.parquet")


def people(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Names as unequal in number as real ones, birthdays, places."""
    born = pl.date(1940, 1, 1) + pl.duration(days=pl.Series(rng.integers(0, 23_000, n)))
    places = pl.Series(rng.zipf(1.3, n) % 3_000)
    return pl.select(
        given_name=_words(1_500, rng, n),
        surname=_words(40_000, rng, n),
        date_of_birth=born.dt.strftime("%Y%m%d"),
        street=pl.Series(rng.integers(1, 200, n)).cast(pl.String) + " " + _words(20_000, rng, n),
        postcode=(places + 1_000).cast(pl.String),
    )


def products(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """A brand, a kind, a model number, and what else is said of it."""
    letters = np.array(list("abcdefghjklmnpqrstuvwxyz"))
    three = [pl.Series(letters[rng.integers(0, len(letters), n)]) for _ in range(3)]
    code = three[0] + three[1] + three[2]
    number = pl.Series(rng.integers(100, 99_999, n)).cast(pl.String)
    said = [
        pl.Series(np.array(some)[rng.integers(0, len(some), n)]) for some in (KINDS, COLOURS, TRAITS, TRAITS)
    ]
    return pl.select(
        brand=_words(2_000, rng, n),
        kind=said[0],
        code=code + number,
        colour=said[1],
        one=said[2],
        other=said[3],
    ).select(name=pl.concat_str("brand", "one", "kind", "other", "code", "colour", separator=" "))


def retyped(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """A tenth of the values with a letter replaced, one in thirty missing."""
    columns = [name for name in rows.columns if name != "id"]
    return rows.with_columns(_mistyped(rows[name], rng, 0.1, 0.03).alias(name) for name in columns)


def retold(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The model number first or last, with a hyphen or with a letter wrong, and two words left out."""
    parts = rows["name"].str.split(" ")
    brand, code = parts.list.get(0), parts.list.get(-2)
    kind = rows["name"].str.extract(rf"\b({'|'.join(KINDS)})\b")
    code = _mistyped(code, rng, 0.2, 0.05).fill_null("")
    hyphen = code.str.slice(0, 3) + "-" + code.str.slice(3)
    told = pl.DataFrame(
        {"brand": brand, "kind": kind, "code": code, "hyphen": hyphen, "first": rng.random(len(code)) < 0.5}
    )
    name = pl.when("first").then(pl.concat_str("hyphen", "brand", "kind", separator=" "))
    return rows.with_columns(
        told.select(name=name.otherwise(pl.concat_str("brand", "kind", "code", separator=" ")))[
            "name"
        ].str.to_titlecase()
    )


def _words(known: int, rng: np.random.Generator, n: int) -> pl.Series:
    made = ["".join(SYLLABLES[s] for s in row) for row in rng.integers(0, len(SYLLABLES), (known * 2, 3))]
    known_words = np.array(list(dict.fromkeys(made))[:known])
    share = 1 / (np.arange(len(known_words)) + 20)
    return pl.Series(known_words[rng.choice(len(known_words), n, p=share / share.sum())])


def _mistyped(values: pl.Series, rng: np.random.Generator, wrong: float, missing: float) -> pl.Series:
    at, dice = rng.random(len(values)), rng.random(len(values))
    place = (pl.col("v").str.len_chars() * pl.col("at")).cast(pl.UInt32)
    letter = pl.Series(np.array(list("aeiounrst123"))[rng.integers(0, 12, len(values))])
    broken = pl.col("v").str.slice(0, place) + pl.col("letter") + pl.col("v").str.slice(place + 1)
    frame = pl.DataFrame({"v": values, "at": at, "dice": dice, "letter": letter})
    kept = pl.when(pl.col("dice") < wrong).then(broken).otherwise(pl.col("v"))
    return frame.select(pl.when(pl.col("dice") > 1 - missing).then(None).otherwise(kept)).to_series()
