"""A mail server on loopback: what it was sent, and to whom, as it came over the wire."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


@dataclass
class Mailbox:
    """Everything that arrived, and what the server says to recipients and messages."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    """Recipients with the code that they are refused with."""
    answer: int = 250
    """What the server says to a message."""
    sender: int = 250
    """What the server says to a sender."""
    senders: list[str] = field(default_factory=list)
    """Of each message that arrived, and the options that came with it."""
    connections: int = 0
    on_content: Callable[[list[str]], bool] = lambda to: True
    """Called with a message's recipients before it is answered; where it is false, the line goes dead."""
    extensions: tuple[str, ...] = ()
    """What the server offers, such as DSN."""

    def connection(self, **extra: Any) -> dict[str, Any]:
        """The Airflow connection to it."""
        plain = {
            "disable_ssl": True,
            "disable_tls": True,
            "from_email": "perennial@example.com",
            "retry_limit": 0,
        }
        return {"conn_type": "smtp", "host": "127.0.0.1", "port": self.port, "extra": {**plain, **extra}}


@contextmanager
def running_smtp() -> Iterator[Mailbox]:
    """A server as long as the block runs."""
    box = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            box.connections += 1
            self.say("220 tests")
            to: list[str] = []
            sender = ""
            for raw in self.rfile:
                verb, _, rest = raw.decode().strip().partition(" ")
                match verb.upper():
                    case "EHLO" if box.extensions:
                        lines = ["tests", *box.extensions]
                        for number, line in enumerate(lines, start=1):
                            self.say(f"250{' ' if number == len(lines) else '-'}{line}")
                    case "MAIL":
                        sender, to = rest.partition(":")[2], []
                        self.say(f"{box.sender} {sender}")
                    case "RCPT":
                        address = rest.partition("<")[2].partition(">")[0]
                        code = box.refused.get(address, 250)
                        to += [address] if code == 250 else []
                        self.say(f"{code} {address}")
                    case "DATA":
                        self.say("354 go on")
                        content = b"".join(iter(self.rfile.readline, b".\r\n")).replace(b"\r\n..", b"\r\n.")
                        if not box.on_content(to):
                            return
                        if box.answer == 250:
                            box.senders.append(sender)
                            box.messages.append(message_from_bytes(content, policy=policy.default))
                            box.recipients.append(to)
                        self.say(f"{box.answer} taken")
                    case "QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 yes")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()
