"""Airflow's SMTP connection in, messages on their way out; Airflow's own hook puts together simpler ones."""

import smtplib
from email.message import EmailMessage
from typing import cast

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException

from perennial.errors import TerminalError, TransientError


class NotSent(TransientError):
    """The mail server did not answer, or asked to come back later."""


class MailRefused(TerminalError):
    """The mail server does not take the message, or not from us, or not to some of its recipients."""


class MailHook(SmtpHook):
    """Sends a message as it is, from the connection's `from_email`."""

    def send(self, message: EmailMessage) -> None:
        """Send a message to everybody in its `To`.

        :raises NotSent: may succeed later; nobody has got it.
        :raises MailRefused: will not succeed before something is changed.
        """
        connection = BaseHook.get_connection(self.smtp_conn_id)
        sender = connection.extra_dejson.get("from_email") or connection.login
        if not sender:
            raise MailRefused(f"connection {self.smtp_conn_id}: from_email is missing, the sender's address")
        message["From"] = sender
        try:
            with self as open_hook:
                client = cast("smtplib.SMTP", open_hook._smtp_client)
                refused = client.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            raise MailRefused(f"connection {self.smtp_conn_id}: login or password was refused") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise _sorted(max(code for code, _ in error.recipients.values()), "every recipient") from error
        except smtplib.SMTPResponseException as error:
            raise _sorted(error.smtp_code, "the message") from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"connection {self.smtp_conn_id}: {type(error).__name__}: {error}") from error
        if refused:
            # The others have it: sending it again would double it.
            domains = sorted({address.rpartition("@")[2] for address in refused})
            raise MailRefused(
                f"{len(refused)} of the recipients were refused, at {', '.join(domains)}; the others have it"
            )


def smtp_client(connection_id: str) -> smtplib.SMTP:
    """A connection to a mail server, ready for messages.

    :raises NotSent: the server is not there, or asked to come back later.
    :raises MailRefused: the connection is not configured, or its login is refused.
    """
    try:
        return cast("smtplib.SMTP", SmtpHook(connection_id).get_conn()._smtp_client)
    except smtplib.SMTPAuthenticationError as error:
        raise MailRefused(f"connection {connection_id}: login or password was refused") from error
    except smtplib.SMTPResponseException as error:
        raise _sorted(error.smtp_code, f"connection {connection_id}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"connection {connection_id}: {type(error).__name__}: {error}") from error
    except AirflowException as error:
        if "not found" in str(error):
            raise MailRefused(
                f"connection {connection_id}: there is none; create one of type SMTP"
            ) from error
        raise NotSent(f"connection {connection_id}: {error}") from error


def _sorted(code: int, what: str) -> NotSent | MailRefused:
    """SMTP says with its first digit whether to try again."""
    said = f"the mail server refused {what} with code {code}"
    return NotSent(said) if 400 <= code < 500 else MailRefused(said)
