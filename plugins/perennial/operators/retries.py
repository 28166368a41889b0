"""What Airflow does with a failed task: errors that may pass are tried again, others stop at once."""

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from perennial.errors import TerminalError, TransientError

OWNER = "data-engineering"

POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(TerminalError, RetryAction.FAIL, reason="the same input fails again: correct it first"),
        RetryRule(TransientError, RetryAction.RETRY, timedelta(seconds=10), reason="may pass by itself"),
    ]
)
DEFAULT_ARGS = {
    "owner": OWNER,
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_policy": POLICY,
}
"""For every Dag. A task that was killed has no exception: it is tried again too."""
