"""A file of somebody's own in, a dataset document that fits it out: a beginning, to be read and corrected."""

from perennial.signals.proposing.document import Proposal, propose
from perennial.signals.proposing.rows import first_rows
from perennial.signals.proposing.text import written
from perennial.signals.proposing.trial import Trial, tried

__all__ = ["Proposal", "Trial", "first_rows", "propose", "tried", "written"]
