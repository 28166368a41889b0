"""Keys of models and of simple rules in, what people call them out; light to import."""

FALLBACK = "nbd"
"""What the others become where nobody is seen to leave."""
SPEND = "gammagamma"
"""The one model of spend."""
NAMES = {
    "bgnbd": "BG/NBD",
    "paretonbd": "Pareto/NBD",
    "nbd": "NBD",
    SPEND: "Gamma-Gamma",
    "in_use": "Model in use",
    "last_year": "Last year's spend",
    "rfm_regression": "RFM regression",
    "perfect": "Perfect ranking",
}
"""What people call what predicts."""
