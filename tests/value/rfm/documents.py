"""The reference's six segments, and definitions over random purchases."""

from perennial.value.rfm.definition import RfmDefinition

DOCUMENT = {
    "kind": "rfm",
    "name": "rfm",
    "title": "RFM",
    "dataset": "sales",
    "identity": "customer",
    "order": "basket",
    "amount": "amount",
    "segments": [
        {"label": "Core", "recency": 1, "frequency": 1, "monetary": 1},
        {"label": "Loyal", "frequency": 1},
        {"label": "Whales", "monetary": 1},
        {"label": "Promising", "frequency": [1, 3], "monetary": [2, 4]},
        {"label": "Rookies", "recency": 1, "frequency": 4},
        {"label": "Slipping", "recency": [2, 4], "frequency": 4},
    ],
}


def definition(**changed: object) -> RfmDefinition:
    """The usual definition, with some keys of its own."""
    return RfmDefinition.model_validate({**DOCUMENT, **changed})
