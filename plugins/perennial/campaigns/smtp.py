"""E-mails in, a mail server's answers out, over a connection that is kept for many of them.

Each is a transaction of its own, so that it is known of every message whether the server has taken it:
until its content was sent whole, it has not.
"""

import smtplib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from perennial.campaigns.message import Envelope
from perennial.campaigns.outcomes import Outcome
from perennial.errors import TerminalError, TransientError

CLOSING = 421
"""The server ends the connection, whatever it was asked."""


class ServerUnavailableError(TransientError):
    """The mail server cannot be reached, or closed the connection; the message in hand was not taken."""


class SenderRefusedError(TerminalError):
    """The mail server takes nothing from this sender, or from us: no message would fare better."""


@dataclass
class Courier:
    """One way to one mail server."""

    connect: Callable[[], smtplib.SMTP]
    """Makes a connection that is ready for messages; raises our errors."""
    per_connection: int = 100
    _client: smtplib.SMTP | None = field(default=None, repr=False)
    _sent: int = 0
    connections: int = 0
    """How many were made."""

    def deliver(self, envelope: Envelope) -> Outcome:
        """Hand over a message.

        :raises ServerUnavailableError: it was certainly not taken; try again later.
        :raises SenderRefusedError: it was certainly not taken, and a person must act.
        """
        kept = self._client is not None
        try:
            return self._deliver(envelope)
        except ServerUnavailableError:
            # Servers close connections that nobody uses for a while.
            if not kept:
                raise
        return self._deliver(envelope)

    def _deliver(self, envelope: Envelope) -> Outcome:
        client = self._ready()
        try:
            code, said = client.mail(envelope.sender, self._options(client, envelope))
            if code != 250:
                raise self._sender(code, said)
            code, said = client.rcpt(envelope.recipient)
            if code not in (250, 251):
                return self._refused(client, code, said)
            code, said = client.docmd("DATA")
            if code != 354:
                return self._refused(client, code, said)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise ServerUnavailableError(f"the mail server went away: {type(error).__name__}") from error
        return self._content(client, envelope.content)

    def close(self) -> None:
        """End the connection, if there is one."""
        client, self._client, self._sent = self._client, None, 0
        if client is not None:
            with suppress(OSError, smtplib.SMTPException):
                client.quit()
            client.close()

    def _content(self, client: smtplib.SMTP, content: bytes) -> Outcome:
        try:
            client.send(_stuffed(content))
            code, said = client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            # It may have been taken, and the answer lost.
            self.close()
            return Outcome.doubtful(f"no answer to the message: {type(error).__name__}")
        if code == 250:
            self._sent += 1
            return Outcome.sent(said.decode("utf-8", "replace"))
        return self._refused(client, code, said)

    def _ready(self) -> smtplib.SMTP:
        if self._client is not None and self._sent >= self.per_connection:
            self.close()
        if self._client is None:
            self._client = self.connect()
            self.connections += 1
        return self._client

    def _options(self, client: smtplib.SMTP, envelope: Envelope) -> list[str]:
        """RFC 3461: have reports name the message, and spare us its content."""
        client.ehlo_or_helo_if_needed()
        return [f"ENVID={envelope.reference}", "RET=HDRS"] if client.has_extn("dsn") else []

    def _refused(self, client: smtplib.SMTP, code: int, said: bytes) -> Outcome:
        outcome = Outcome.refused(code, said.decode("utf-8", "replace"))
        if code == CLOSING:
            self.close()
        else:
            with suppress(OSError, smtplib.SMTPException):
                client.rset()
        return outcome

    def _sender(self, code: int, said: bytes) -> Exception:
        self.close()
        text = f"the mail server refuses the sender with code {code}: {said.decode('utf-8', 'replace')[:200]}"
        return ServerUnavailableError(text) if 400 <= code < 500 else SenderRefusedError(text)


def _stuffed(content: bytes) -> bytes:
    """As it goes over the wire: lines that begin with a dot get another one, and a dot alone ends it."""
    whole = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    whole = whole if whole.endswith(b"\r\n") else whole + b"\r\n"
    return (b"." + whole if whole.startswith(b".") else whole).replace(b"\r\n.", b"\r\n..") + b".\r\n"
