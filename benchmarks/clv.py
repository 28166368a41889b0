"""What it costs to fit and score the lifetime value of a million customers, and what libraries take for it.

Customers are simulated by Pareto/NBD and Gamma-Gamma over a year and a half, to the day. In one process, and
from one file of summaries, BG/NBD, Pareto/NBD and Gamma-Gamma are fitted, and every customer is scored with
both: P(alive), expected purchases over a year, their discounted value, the mean spend to expect, and their
product. `lifetimes` does the same, but for the discounted value, at a size that it can take. `pymc-marketing`
fits BG/NBD and Gamma-Gamma by MAP, and is compared with our fit and scores of these two alone; at full scale
only, since where nothing is in its cache it compiles for most of a minute.

Equal are: the parameters of `lifetimes` (its Pareto/NBD search may end early: its log-likelihood is not above
ours), and its scores at the same parameters, within 1e-6.
"""

import importlib.util
import tempfile
import time
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import Benchmark, measured, median

from perennial.value.lifetime import bgnbd, gammagamma, paretonbd
from perennial.value.lifetime.gammagamma import GammaGamma, Spends
from perennial.value.lifetime.histories import Histories
from perennial.value.lifetime.score import Horizon, continuous, score
from perennial.value.lifetime.summary import summarise

MILLION = 1_000_000
DAYS = 546
YEAR = 52.0
PARETO = paretonbd.ParetoNbd(0.553, 10.578, 0.606, 11.669)
SPEND = GammaGamma(6.25, 3.74, 15.44)
COLUMNS = ["frequency", "recency", "age"]


def simulate(customers: int, path: str) -> None:
    """Write summaries, in weeks to the day, of customers who came at a steady pace over the period."""
    rng = np.random.default_rng(customers)
    age = rng.integers(0, DAYS, customers) / 7
    rate = rng.gamma(PARETO.r, 1 / PARETO.alpha, customers)
    lives = rng.exponential(1 / rng.gamma(PARETO.s, 1 / PARETO.beta, customers))
    active = np.minimum(age, lives)
    x = rng.poisson(rate * active)
    repeated = np.maximum(x, 1)
    last = np.floor(active * rng.random(customers) ** (1 / repeated) * 7) / 7
    spend = rng.gamma(SPEND.p * repeated, 1 / rng.gamma(SPEND.q, 1 / SPEND.v, customers)) / repeated
    frame = pl.DataFrame(
        {"frequency": x, "recency": np.where(x > 0, last, 0), "age": age, "mean_spend": spend}
    )
    some = pl.when(pl.col("frequency") > 0)
    frame.with_columns(some.then(pl.col("mean_spend").round(2).clip(0.01))).write_parquet(path)


def ours(path: str, pareto: bool = True) -> dict[str, Any]:
    """Fit the models, and score every customer; seconds from the file on."""
    begun, cpu_begun = time.perf_counter(), time.process_time()
    summary = pl.read_parquet(path)
    histories = Histories.grouped(summary)
    fits = {"bgnbd": bgnbd.fit(histories)} | ({"paretonbd": paretonbd.fit(histories)} if pareto else {})
    spend = gammagamma.fit(Spends.grouped(summary))
    for fit in fits.values():
        score(summary, fit.model, spend.model, Horizon(YEAR, continuous(0.1, 7)), histories)
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu_begun
    fits["gammagamma"] = spend
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "parameters": {name: fit.parameters for name, fit in fits.items()},
        "log_likelihood": {name: fit.log_likelihood for name, fit in fits.items()},
    }


def with_lifetimes(path: str) -> dict[str, Any]:
    """The same by `lifetimes`, and how far its scores are from ours at its parameters."""
    warnings.simplefilter("ignore")
    import lifetimes

    begun = time.perf_counter()
    summary = pl.read_parquet(path)
    x, t_x, age = (summary[name].to_numpy().astype(float) for name in COLUMNS)
    repeat = summary.filter(pl.col("frequency") > 0)
    spend = lifetimes.GammaGammaFitter()
    spend.fit(repeat["frequency"].to_numpy(), repeat["mean_spend"].to_numpy())
    fits, scores = {}, {}
    for name, fitter in {
        "bgnbd": lifetimes.BetaGeoFitter(),
        "paretonbd": lifetimes.ParetoNBDFitter(),
    }.items():
        fitter.fit(x, t_x, age)
        alive = fitter.conditional_probability_alive(x, t_x, age)
        expected = fitter.conditional_expected_number_of_purchases_up_to_time(YEAR, x, t_x, age)
        mean = spend.conditional_expected_average_profit(x, summary["mean_spend"].fill_null(0.0).to_numpy())
        fits[name], scores[name] = fitter, (alive, expected, expected * mean)
    seconds = time.perf_counter() - begun
    models = {
        "bgnbd": bgnbd.BgNbd(**fits["bgnbd"].params_.to_dict()),
        "paretonbd": paretonbd.ParetoNbd(**fits["paretonbd"].params_.to_dict()),
    }
    far = 0.0
    for name, model in models.items():
        frame = score(summary, model, GammaGamma(**spend.params_.to_dict()), Horizon(YEAR))
        for column, theirs in zip(
            ["p_alive", "expected_purchases", "predicted_spend"], scores[name], strict=True
        ):
            far = max(far, float(np.max(np.abs(frame[column].to_numpy() / theirs - 1))))
    fits["gammagamma"] = spend
    return {
        "seconds": seconds,
        "parameters": {name: fitter.params_.to_dict() for name, fitter in fits.items()},
        "pareto_log_likelihood": float(models["paretonbd"].log_likelihood(x, t_x, age).sum()),
        "scores_differ_by": far,
    }


def with_pymc(path: str) -> dict[str, Any]:
    """BG/NBD and Gamma-Gamma by `pymc-marketing`, at the maximum a posteriori with its default priors."""
    warnings.simplefilter("ignore")
    from pymc_marketing import clv

    begun = time.perf_counter()
    frame = pl.read_parquet(path).with_row_index("customer_id")
    names = {"age": "T", "mean_spend": "monetary_value"}
    data = frame.fill_null(0.0).rename(names).cast({"frequency": pl.Float64}).to_pandas()
    purchases = clv.BetaGeoModel(data=data)
    purchases.fit(method="map", progressbar=False)
    spend = clv.GammaGammaModel(data=data[data["frequency"] > 0])
    spend.fit(method="map", progressbar=False)
    purchases.expected_probability_alive(data).values  # noqa: B018
    purchases.expected_purchases(data, future_t=YEAR).values  # noqa: B018
    spend.expected_customer_spend(data[data["frequency"] > 0]).values  # noqa: B018
    seconds = time.perf_counter() - begun
    found = {name: float(purchases.idata.posterior[name].mean()) for name in bgnbd.NAMES}
    return {"seconds": seconds, "parameters": found}


def cdnow() -> dict[str, Any]:
    """The fitted parameters of the 1/10 sample of CDNOW."""
    folder = Path(str(importlib.util.find_spec("lifetimes").submodule_search_locations[0])) / "datasets"  # type: ignore[union-attr,index]
    rows = [line.split() for line in (folder / "CDNOW_sample.txt").read_text().splitlines() if line.strip()]
    events = pl.LazyFrame(
        {
            "person_id": [r[1] for r in rows],
            "event_time": [r[2] for r in rows],
            "amount": [r[4] for r in rows],
        }
    ).with_columns(
        pl.col("event_time").str.to_datetime("%Y%m%d", time_unit="us", time_zone="UTC"),
        pl.col("amount").cast(pl.Decimal(18, 2)),
    )
    summary = summarise(events, date(1997, 10, 1)).collect()
    histories = Histories.grouped(summary)
    fits = {
        "bgnbd": bgnbd.fit(histories),
        "paretonbd": paretonbd.fit(histories),
        "gammagamma": gammagamma.fit(Spends.grouped(summary)),
    }
    return {
        name: {k: round(v, 3) for k, v in fit.parameters.items()}
        | {"log_likelihood": round(fit.log_likelihood, 1)}
        for name, fit in fits.items()
    }


def equal(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether both found the same models, and give the same scores by the same model."""
    same = all(
        abs(mine["parameters"][model][name] / value - 1) < 2e-3
        for model in ("bgnbd", "gammagamma")
        for name, value in theirs["parameters"][model].items()
    )
    not_worse = mine["log_likelihood"]["paretonbd"] > theirs["pareto_log_likelihood"] - 1e-3
    return same and not_worse and theirs["scores_differ_by"] < 1e-6


def run(benchmark: Benchmark) -> dict[str, Any]:
    """A million customers by us, and fewer by the others."""
    full = benchmark.scale == "full"
    size, repeats = (200_000, 1) if full else (20_000, 1)
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as folder:
        million, fewer = f"{folder}/million.parquet", f"{folder}/fewer.parquet"
        simulate(MILLION, million)
        simulate(size, fewer)
        runs = [measured(ours, million) for _ in range(3 if full else 1)]
        figures: dict[str, Any] = {
            "customers": MILLION,
            "seconds_fit_score_1m": median(run.result["seconds"] for run in runs),
            "cpu_seconds_fit_score_1m": median(run.result["cpu_seconds"] for run in runs),
            "peak_gb": max(run.peak_gb for run in runs),
            "fitted_1m": runs[0].result["parameters"],
            "customers_of_peers": size,
        }
        benchmark.say(f"{MILLION:,} customers: {figures['seconds_fit_score_1m']:.1f} s")
        if importlib.util.find_spec("lifetimes") is None:
            for key in ("speedup_vs_lifetimes", "speedup_vs_lifetimes_per_customer", "equal", "cdnow"):
                benchmark.skip(key, "lifetimes, whose wheel also holds CDNOW, is not installed")
        else:
            figures |= against_lifetimes(fewer, size, repeats, figures["seconds_fit_score_1m"])
            figures["cdnow"] = cdnow()
        if importlib.util.find_spec("pymc_marketing") is None:
            benchmark.skip("speedup_vs_pymc", "pymc-marketing is not installed")
        elif not full:
            benchmark.skip("speedup_vs_pymc", "pymc-marketing compiles for most of a minute: --scale full")
        else:
            figures |= against_pymc(fewer, size)
    return figures


def against_lifetimes(path: str, size: int, repeats: int, million: float) -> dict[str, Any]:
    """Both in turns on the same customers; also theirs per customer over ours per customer of the million."""
    pairs = [(measured(ours, path), measured(with_lifetimes, path)) for _ in range(repeats)]
    mine = median(pair[0].result["seconds"] for pair in pairs)
    theirs = median(pair[1].result["seconds"] for pair in pairs)
    return {
        "seconds_of_peers_size": mine,
        "lifetimes_seconds": theirs,
        "lifetimes_peak_gb": max(pair[1].peak_gb for pair in pairs),
        "speedup_vs_lifetimes": theirs / mine,
        "speedup_vs_lifetimes_per_customer": theirs / size / (million / MILLION),
        "equal": all(equal(pair[0].result, pair[1].result) for pair in pairs),
    }


def against_pymc(path: str, size: int) -> dict[str, Any]:
    """BG/NBD and Gamma-Gamma of the same customers by both; their compilation is part of the wait."""
    mine, theirs = measured(ours, path, False), measured(with_pymc, path)
    return {
        "customers_of_pymc": size,
        "speedup_vs_pymc": theirs.result["seconds"] / mine.result["seconds"],
        "pymc_seconds": theirs.result["seconds"],
        "pymc_peak_gb": theirs.peak_gb,
        "pymc_bgnbd": theirs.result["parameters"],
        "ours_bgnbd": mine.result["parameters"]["bgnbd"],
    }


if __name__ == "__main__":
    Benchmark(str(__doc__)).main(run)
