"""What can go wrong while the stack starts, runs the demo or stops."""

from perennial.errors import TerminalError


class LocalError(TerminalError):
    """The stack on this machine cannot do what was asked; the message says what to look at."""
