"""Models of the star schema in; from which tables and columns of the lake each of its tables comes, out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from perennial.insights.model import Model
from perennial.lineage import sql
from perennial.lineage.model import MAPPING, MEMBERSHIP, Dataset, Derivation, Documents, lake, table_of

RUNS, ARMS = Dataset("store", "activation.run"), Dataset("store", "activation.assignment")
RESPONSES = lake("responses/email_events")


def table(model: Model) -> Dataset:
    """Where a model's rows are."""
    return Dataset("store", f"insights.{model.name}")


def derivations(
    documents: Documents, models: Iterable[Model], columns: Mapping[Dataset, Sequence[str]]
) -> Iterator[tuple[Model, Derivation]]:
    """How each table is made; `columns` are those of the lake's tables."""
    known = relations(documents)
    # Only what is one table as it is has columns that can be followed.
    plain = {name: columns[made[0]] for name, made in known.items() if len(made) == 1 and made[0] in columns}
    for model in models:
        found = sql.derivation(model.query, known, plain)
        told = {name: uses for name, uses in found.columns.items() if name in model.columns}
        yield model, Derivation(told, also=found.also)


def relations(documents: Documents) -> dict[str, tuple[Dataset, ...]]:
    """What queries read, by the names that they use; what documents say is of no dataset."""
    profiles = tuple(
        lake(f"profiles/{'snapshot' if name == documents.policy.name else name}")
        for name in documents.profiles
    )
    scores = tuple(lake(f"lifetime/{name}") for name in documents.lifetime)
    quarantines = tuple(lake(f"quarantine/{name}") for name in documents.datasets)
    found = {
        "profiles": (lake("profiles/snapshot"),),
        "membership": (MEMBERSHIP,),
        "evaluations": (lake("audiences/evaluations"),),
        "email_events": (RESPONSES,),
        "bot_traffic": (lake("bots/traffic"),),
        "bot_models": (lake("bots/models"),),
        "lifetime_models": (lake("models/lifetime"),),
        "batches": (lake("signals/batches"),),
        "assignments": (ARMS,),
        "campaign_people": (ARMS, MEMBERSHIP, RESPONSES),
        "people_by_policy": profiles if len(profiles) > 1 else (*profiles, MAPPING),
        "quarantined": quarantines,
        "lifetime_scores": scores,
        "destinations": (RUNS,),
        "activated_audiences": (RUNS,),
    }
    for name in documents.datasets:
        found[name] = (table_of(documents, name),)
        found[f"{name}_by_person"] = (table_of(documents, name), MAPPING)
    found |= {f"{name}_by_decile": (lake(f"value_by_decile/{name}"),) for name in documents.value}
    found |= {f"{name}_movement": (lake(f"value_movement/{name}"),) for name in documents.value}
    found |= {name: (lake(f"rfm/{name}"),) for name in documents.rfm}
    found |= {name: (lake(f"lifetime/{name}"),) for name in documents.lifetime}
    found |= {f"{name}_actuals": (lake(f"lifetime_actuals/{name}"),) for name in documents.lifetime}
    return found | {name: (lake(f"left_behind/{name}"),) for name in documents.browsing}
