"""What each stage leaves behind, as Airflow assets: one partition a day, each event with row counts."""

from airflow.sdk import Asset

GROUP = "perennial"


def _asset(name: str) -> Asset:
    return Asset(name=f"perennial/{name}", uri=f"perennial://{name}", group=GROUP)


HISTORY = _asset("history")
SIGNALS = _asset("signals")
STREAM = _asset("stream")
UPLOADS = _asset("uploads")
REPLAYS = _asset("replays")
BOTS = _asset("bots")
BOT_DECISIONS = _asset("bot_decisions")
IDENTITIES = _asset("identities")
VALUE = _asset("value")
RECOMPUTED = _asset("recomputed_days")
RFM = _asset("rfm")
MODELS = _asset("lifetime_models")
LIFETIME = _asset("lifetime")
LEFT_BEHIND = _asset("left_behind")
PROFILES = _asset("profiles")
AUDIENCES = _asset("audiences")
LIVE_AUDIENCES = _asset("live_audiences")
INSIGHTS = _asset("insights")
RESPONSES = _asset("responses")
CAMPAIGNS = _asset("campaigns")
BOUNCES = _asset("bounces")
SENT = _asset("sandbox_campaigns")
MAINTENANCE = _asset("lake_maintenance")
ALERTS = _asset("alerts")
ERASURES = _asset("erasures")
ACCESS_REQUESTS = _asset("access_requests")
RETENTION = _asset("retention")


def activation(name: str) -> Asset:
    """What one document of `include/activations` leaves: what waits for it waits for no other."""
    return _asset(f"activation/{name}")


def match(name: str) -> Asset:
    """The pairs of one document of `include/matches`."""
    return _asset(f"matches/{name}")
