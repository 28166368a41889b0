"""The two roots of every error of ours: worth trying again, or not until a person has changed something."""


class PerennialError(Exception):
    """Something went wrong that a person can understand from the message."""


class TransientError(PerennialError):
    """The same call may succeed later: a lock, a rate limit, a server that is down."""


class TerminalError(PerennialError):
    """The same call will fail again: wrong input, wrong configuration, refused credentials."""
