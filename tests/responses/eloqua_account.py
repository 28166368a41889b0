"""An Eloqua instance with activities, which are exported by type and time."""

import re
from datetime import UTC, datetime
from typing import Any

from activation.destinations.eloqua.harness import BULK, HOURLY, USER, Eloqua
from activation.destinations.stand_in import SECRET, Clock, route
from openapi_check import OpenApi, present

from perennial.activation.destinations.eloqua.client import EloquaClient
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import Kept
from perennial.responses.eloqua import Activities
from perennial.responses.exports import Exports

from .polled import NINE

FILTER = re.compile(
    r"'{{Activity\.Type}}'='(\w+)' AND '{{Activity\.CreatedAt}}'>='([-: \d]+)'"
    r" AND '{{Activity\.CreatedAt}}'<'([-: \d]+)'"
)
OF_ALL = {
    "{{Activity.Id}}", "{{Activity.Type}}", "{{Activity.CreatedAt}}", "{{Activity.Asset.Id}}",
    "{{Activity.Asset.Name}}", "{{Activity.Campaign.Id}}", "{{Activity.Campaign.Field(CampaignName)}}",
    "{{Activity.Field(EmailAddress)}}", "{{Activity.Field(EmailRecipientId)}}",
}  # fmt: skip
OF_TYPES = {
    "Bounceback": {
        f"{{{{Activity.Field({each})}}}}" for each in ("SmtpErrorCode", "SmtpStatusCode", "SmtpMessage")
    },
    "EmailClickthrough": {"{{Activity.Field(EmailClickedThruLink)}}"},
}
"""As the documentation of export definitions has them."""


class Instance(Eloqua):
    """Exports are ready at the second look, unless it is busy."""

    late = 3600
    """Seconds that are not asked for yet."""
    document: OpenApi | None = None

    def empty(self) -> None:
        super().empty()
        self.activities: list[dict[str, str]] = []
        self.asked: list[tuple[str, str, str]] = []
        self.busy = False

    @route("POST", f"{BULK}/activities/exports", windows=HOURLY)
    def define_activities(self, body: Any, query: dict[str, str]) -> Any:
        found = FILTER.fullmatch(body["filter"])
        assert found, body["filter"]
        assert set(body["fields"].values()) <= OF_ALL | OF_TYPES.get(found[1], set())
        assert body["areSystemTimestampsInUTC"] is True
        self.asked.append((found[1], found[2], found[3]))
        self.definitions.append({**body, "kind": "activities", "rows": [], "asked": found.groups()})
        return 201, {**body, "uri": f"/activities/exports/{len(self.definitions) - 1}"}

    def _work(self, sync: dict[str, Any]) -> None:
        if self.busy:
            sync["looks"] = 1
            return
        if self.broken:
            sync["status"] = "error"
            return
        kind, start, end = sync["of"]["asked"]
        chosen = [
            each
            for each in self.activities
            if each["{{Activity.Type}}"] == kind and start <= each["{{Activity.CreatedAt}}"] < end
        ]
        fields = sync["of"]["fields"].items()
        sync["items"] = [{name: each.get(statement, "") for name, statement in fields} for each in chosen]
        sync["status"] = "success"

    def happen(self, kind: str, email: str, second: int, campaign: str = "5", **more: str) -> None:
        """Something happens, so many seconds after nine."""
        at = datetime.fromtimestamp(NINE + second, UTC)
        title = {"5": "Thanks audience:best as_of:2017-12-25"}.get(campaign, "News")
        self.activities.append(
            {
                "{{Activity.Id}}": str(len(self.activities)),
                "{{Activity.Type}}": kind,
                "{{Activity.CreatedAt}}": f"{at:%Y-%m-%d %H:%M:%S}.45",
                "{{Activity.Field(EmailAddress)}}": email,
                "{{Activity.Field(EmailRecipientId)}}": f"r-{email}-{campaign}",
                "{{Activity.Asset.Id}}": "9",
                "{{Activity.Asset.Name}}": "December",
                "{{Activity.Campaign.Id}}": campaign,
                "{{Activity.Campaign.Field(CampaignName)}}": title,
                **{f"{{{{Activity.Field({name})}}}}": value for name, value in more.items()},
            }
        )


def account() -> Instance:
    """An instance; what is asked and told is checked."""
    stand_in = Instance()
    stand_in.clock = Clock()
    if paths := present("eloqua-bulk.yml"):
        stand_in.document = OpenApi(paths, strict=True, undocumented=("/id",), base=BULK)
        stand_in.checks = stand_in.document.check
    return stand_in


def reader(stand_in: Instance, kept: Kept, url: str) -> Activities:
    """Who asks it."""
    ours = connector("eloqua")
    wire = Wire(sleep=stand_in.clock.sleep, clock=stand_in.clock, adapter=stand_in)
    client = EloquaClient(ours.account("e", {"login": USER, "password": SECRET}), ours.limits, wire)
    return Activities(client, kept, Exports(url, "e"), wire.sleep, wire.clock)
