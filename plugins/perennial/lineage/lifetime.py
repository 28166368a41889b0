"""Documents of lifetime value in; from which columns each prediction comes, and what came of it, out."""

from perennial.lineage.model import PERSON, Derivation, Documents, Use, lake, left_out, table_of, used
from perennial.lineage.value import owner
from perennial.value.lifetime.definition import LifetimeDefinition

MODELS = lake("models/lifetime")


def scores(documents: Documents, name: str) -> Derivation:
    """What customers are expected to be worth, by a fitted model."""
    document = documents.lifetime[name]
    source = table_of(documents, document.dataset)
    bought = used(source, ["event_time", *filter(None, [document.transaction])], "aggregation")
    spent = used(source, [document.amount], "aggregation")
    model = (Use(MODELS, "fits", "transformation", "the fitted parameters"),)
    purchases, worth = (*bought, *model), (*bought, *spent, *model)
    columns = {
        PERSON: owner(documents, document.dataset, document.identity),
        **dict.fromkeys(("frequency", "recency", "age"), bought),
        **dict.fromkeys(("spend", "spend_last_year"), (*spent, Use(source, "event_time", "filter"))),
        **dict.fromkeys(("p_alive", "expected_purchases", "discounted_purchases"), purchases),
        "expected_spend": (*spent, *model),
        **dict.fromkeys(("predicted_spend", "predicted_value", "predicted_value_decile"), worth),
        "fit_id": (Use(MODELS, "fit_id"),),
    }
    return Derivation(columns, (Use(source, "event_time", "filter"), *left_out(documents, document.dataset)))


def actuals(documents: Documents, name: str) -> Derivation:
    """What came of earlier predictions."""
    document, predicted = documents.lifetime[name], lake(f"lifetime/{name}")
    source = table_of(documents, document.dataset)
    bought = used(source, ["event_time", *filter(None, [document.transaction])], "aggregation")
    return Derivation(
        {
            "scored_as_of": (Use(predicted, "as_of"),),
            "decile": (Use(predicted, "predicted_value_decile"),),
            "customers": (Use(predicted, PERSON, "aggregation"),),
            "predicted_purchases": (Use(predicted, "expected_purchases", "aggregation"),),
            "predicted_spend": (Use(predicted, "predicted_spend", "aggregation"),),
            "actual_purchases": bought,
            "actual_spend": used(source, [document.amount], "aggregation"),
        },
        (Use(source, "event_time", "filter"),),
    )


def models(documents: Documents) -> Derivation:
    """Fits of lifetime value, of all documents."""

    def fitted(document: LifetimeDefinition) -> tuple[Use, ...]:
        named = ["event_time", document.amount, *filter(None, [document.transaction])]
        return used(table_of(documents, document.dataset), named, "aggregation", f"fits {document.name}")

    every = tuple(use for each in documents.lifetime.values() for use in fitted(each))
    return Derivation(dict.fromkeys(("fits", "quality", "deciles"), every))
