"""A model's name and parameters in, the model out; and the function that fits it, by the same name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from perennial.value.lifetime import bgnbd, nbd, paretonbd
from perennial.value.lifetime.fitting import Fit
from perennial.value.lifetime.gammagamma import GammaGamma
from perennial.value.lifetime.histories import Histories
from perennial.value.lifetime.predictions import PurchaseModel

CLASSES: dict[str, Callable[..., PurchaseModel]] = {
    "bgnbd": bgnbd.BgNbd,
    "paretonbd": paretonbd.ParetoNbd,
    "nbd": nbd.Nbd,
}
FITS: dict[str, Callable[[Histories], Fit[Any]]] = {
    "bgnbd": bgnbd.fit,
    "paretonbd": paretonbd.fit,
    "nbd": nbd.fit,
}


@dataclass(frozen=True)
class Pair:
    """What it takes to predict value: a model of purchases and one of spend, fitted on the same customers."""

    purchases: PurchaseModel
    spend: GammaGamma


def build(kind: str, purchases: Mapping[str, float], spend: Mapping[str, float]) -> Pair:
    """A pair of models from their parameters."""
    return Pair(CLASSES[kind](**purchases), GammaGamma(**spend))
