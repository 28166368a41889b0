"""What happened in; Prometheus' text, out. The figures are those of one process, since it started."""

from collections import Counter

TYPES = {
    "messages_total": ("counter", "Messages that were acknowledged, by dataset"),
    "refused_total": ("counter", "Requests that were refused, by reason"),
    "pending_bytes": ("gauge", "Bytes of requests that are not answered yet"),
    "commits_total": ("counter", "Groups of requests written to the log with one fsync each"),
    "committed_requests_total": ("counter", "Requests in these groups"),
    "commit_seconds_total": ("counter", "Seconds that these writes took"),
}


class Metrics:
    """Counts of one process."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._commits = self._requests = 0
        self._seconds = 0.0

    def committed(self, requests: int, seconds: float) -> None:
        """A group was written, or failed to be."""
        self._commits += 1
        self._requests += requests
        self._seconds += seconds

    def text(self, pending_bytes: int) -> str:
        """In the text format of Prometheus."""
        values: dict[str, list[tuple[str, float]]] = {
            "messages_total": [(f'{{dataset="{name}"}}', n) for name, n in sorted(self.messages.items())],
            "refused_total": [(f'{{reason="{name}"}}', n) for name, n in sorted(self.refused.items())],
            "pending_bytes": [("", pending_bytes)],
            "commits_total": [("", self._commits)],
            "committed_requests_total": [("", self._requests)],
            "commit_seconds_total": [("", round(self._seconds, 6))],
        }
        lines = []
        for name, (kind, help_text) in TYPES.items():
            full = f"perennial_collector_{name}"
            lines += [f"# HELP {full} {help_text}", f"# TYPE {full} {kind}"]
            lines += [f"{full}{labels} {value}" for labels, value in values[name]]
        return "\n".join(lines) + "\n"
