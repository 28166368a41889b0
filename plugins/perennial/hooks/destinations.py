"""An Airflow connection in, a destination out; a connector's declaration says which fields it needs."""

from functools import cached_property
from typing import Any, ClassVar

from airflow.sdk import BaseHook

from perennial.activation.destinations.base import Destination
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire
from perennial.activation.shared_limits import Allowances
from perennial.errors import PerennialError


class DestinationHook(BaseHook):
    """Reads a connection of the kind that the class is for.

    :param conn_id: the Airflow connection
    :param wire: how requests leave; by default through the network, and without regard to other processes
    """

    kind: ClassVar[str]

    def __init_subclass__(cls, kind: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.kind = cls.conn_type = kind
        cls.conn_name_attr, cls.default_conn_name = "conn_id", f"{kind}_default"
        cls.hook_name = connector(kind).declaration.title

    def __init__(self, conn_id: str | None = None, wire: Wire | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id, self._wire = conn_id or self.default_conn_name, wire

    def get_conn(self) -> Destination:
        """What an activation sends to, made once."""
        return self._destination

    def account(self) -> Account:
        """The connection, checked: where to, and as whom."""
        connection = self.get_connection(self.conn_id)
        given = {
            **connection.extra_dejson,
            "host": connection.host,
            "port": connection.port,
            "login": connection.login,
            "password": connection.password,
        }
        return connector(self.kind).account(self.conn_id, given)

    @cached_property
    def _destination(self) -> Destination:
        return connector(self.kind).connect(self.account(), self._wire)

    def test_connection(self) -> tuple[bool, str]:
        """Ask the provider for something small."""
        try:
            return True, self.get_conn().check()
        except PerennialError as error:
            return False, str(error)


class SendgridHook(DestinationHook, kind="sendgrid"):
    """SendGrid Marketing Campaigns."""


class MailchimpHook(DestinationHook, kind="mailchimp"):
    """Mailchimp."""


class KlaviyoHook(DestinationHook, kind="klaviyo"):
    """Klaviyo."""


class CustomerIoHook(DestinationHook, kind="customer_io"):
    """Customer.io."""


class IterableHook(DestinationHook, kind="iterable"):
    """Iterable."""


class BrazeHook(DestinationHook, kind="braze"):
    """Braze."""


class HubspotHook(DestinationHook, kind="hubspot"):
    """HubSpot."""


class EloquaHook(DestinationHook, kind="eloqua"):
    """Oracle Eloqua."""


class SalesforceMcHook(DestinationHook, kind="salesforce_mc"):
    """Salesforce Marketing Cloud."""


HOOKS: dict[str, type[DestinationHook]] = {hook.kind: hook for hook in DestinationHook.__subclasses__()}
"""By kind of destination."""


def destination(kind: str, conn_id: str, store_url: str | None = None) -> Destination:
    """What an activation of this kind sends to.

    With the URL of a store, all processes that use the connection keep the provider's limits together.
    """
    wire = Wire(limits=Allowances(store_url, conn_id)) if store_url else None
    return HOOKS[connector(kind).kind](conn_id, wire).get_conn()


def account(kind: str, conn_id: str) -> Account:
    """The account behind a connection of this kind."""
    return HOOKS[connector(kind).kind](conn_id).account()
