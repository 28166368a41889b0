"""The reporting star schema of the example store: identities, audiences by them, destinations and scores."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

Rows = Iterable[Sequence[Any]]
POLICY = 1
NAMESPACES = {
    "household": (11, "Household", "cross_device"),
    "email": (12, "E-mail address", "email"),
    "email_sha256": (13, "E-mail address (SHA-256)", "email"),
    "device": (14, "App installation", "device"),
}
COMBINATIONS = {
    (21, "household"): 0.34,
    (22, "email + email_sha256 + household"): 0.49,
    (23, "device + household"): 0.06,
    (24, "device + email + email_sha256 + household"): 0.11,
}
"""Which part of all profiles has them."""
EVER = date(9999, 12, 31)


def tables(
    profiles: Sequence[tuple[date, int]], audiences: Sequence[tuple[date, int, int]]
) -> dict[str, Rows]:
    """From (day, profiles) and (day, audience, members)."""
    days = [day for day, _ in profiles]
    by_combination = {(day,): _split(count) for day, count in profiles}
    by_audience = {(day, audience): _split(count) for day, audience, count in audiences}
    sizes = {(day, audience): count for day, audience, count in audiences}
    return {
        "adwh_dim_namespaces": [
            (number, POLICY, name, title, kind) for name, (number, title, kind) in NAMESPACES.items()
        ],
        "adwh_dim_overlap_namespaces": [
            (number, POLICY, member, name) for number, name in COMBINATIONS for member in name.split(" + ")
        ],
        "adwh_fact_profile_overlap_of_namespace": [
            (day, POLICY, number, count)
            for (day,), counts in by_combination.items()
            for (number, _), count in counts.items()
        ],
        "adwh_fact_profile_by_namespace": [
            (day, POLICY, *of_namespace)
            for (day,), counts in by_combination.items()
            for of_namespace in _by_namespace(counts)
        ],
        "adwh_fact_profile_overlap_of_namespace_by_segment": [
            (day, POLICY, audience, number, count)
            for (day, audience), counts in by_audience.items()
            for (number, _), count in counts.items()
        ],
        "adwh_fact_profile_by_segment_and_namespace": [
            (day, POLICY, audience, *of_namespace)
            for (day, audience), counts in by_audience.items()
            for of_namespace in _by_namespace(counts)
        ],
        "adwh_fact_profile_overlap_of_segments": [
            (day, POLICY, one, other, round(min(sizes[day, one], sizes[day, other]) * share))
            for day in days
            for one, other, share in ((101, 102, 0.62), (101, 103, 0.2), (102, 103, 0.07))
        ],
        **_destinations(days[-1]),
        **_scores(profiles[-1][1], days[-1], audiences),
    }


def _split(count: int) -> dict[tuple[int, str], int]:
    counts = {key: round(count * share) for key, share in COMBINATIONS.items()}
    first = next(iter(counts))
    return counts | {first: counts[first] + count - sum(counts.values())}


def _by_namespace(counts: dict[tuple[int, str], int]) -> Rows:
    for name, (number, *_) in NAMESPACES.items():
        theirs = {label: count for (_, label), count in counts.items() if name in label.split(" + ")}
        yield number, sum(theirs.values()), theirs.get(name, 0)


def _destinations(last: date) -> dict[str, Rows]:
    sent = [datetime.combine(last - timedelta(days=back), time(3), UTC) for back in (6, 3, 1)]
    return {
        "adwh_dim_destination_platform": [(31, "sendgrid", "SendGrid"), (32, "sftp", "Files over SFTP")],
        "adwh_dim_destination": [
            (41, "email", "Newsletter audiences in SendGrid", 31, "enabled", sent[0]),
            (42, "agency", "Files for the agency", 32, "enabled", sent[1]),
            (43, "old_lists", "Lists of last season", 31, "disabled", sent[0]),
        ],
        "adwh_dim_br_segment_destinations": [
            (101, 41, sent[0].date(), EVER, sent[0]),
            (102, 41, sent[1].date(), EVER, sent[1]),
            (101, 42, sent[1].date(), EVER, sent[1]),
            (103, 42, EVER, EVER, None),
            (103, 43, sent[0].date(), sent[2].date(), sent[0]),
        ],
    }


def _scores(profiles: int, last: date, audiences: Sequence[tuple[date, int, int]]) -> dict[str, Rows]:
    models = {
        51: ("p_alive", "still a customer", "probability"),
        52: ("predicted_value", "predicted value", "rank"),
    }
    weights = {51: [1 + (score / 40) ** 3 for score in range(100)], 52: [1.0] * 100}
    fitted = last - timedelta(days=12)

    def spread(count: int, model: int) -> Rows:
        whole = sum(weights[model])
        for score, weight in enumerate(weights[model]):
            yield score, last, fitted, round(count * weight / whole)

    return {
        "adwh_dim_ai_models": [
            (number, POLICY, f"lifetime/{kind}", f"Lifetime value: {title}", type_)
            for number, (kind, title, type_) in models.items()
        ],
        "adwh_fact_profile_ai_models": [
            (last, POLICY, model, *row) for model in models for row in spread(profiles, model)
        ],
        "adwh_fact_profile_by_segment_ai_models": [
            (last, POLICY, model, audience, *row)
            for model in models
            for day, audience, count in audiences
            if day == last
            for row in spread(count, model)
        ],
    }
