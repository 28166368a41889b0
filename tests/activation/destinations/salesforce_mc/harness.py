"""The connector of Salesforce Marketing Cloud, and a stand-in with data extensions, over REST and SOAP.

There is no official specification that a machine can read: this follows the documentation.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import requests
from activation.destinations.harness import InProcess
from activation.destinations.stand_in import SECRET, Answer, StandIn, route

from perennial.activation.destinations.salesforce_mc.extensions import EMAIL, named

TOKEN, UNIT, PAGE = "token-of-tests-0815", "510001234", 2
SUBDOMAIN = "mc563885gzs27c5t9-63k636ttgm"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "http://exacttarget.com/wsdl/partnerAPI"
FORBIDDEN = set('!@#$%^&*()={}[]\\.<>/":?|,')


class BusinessUnit(StandIn):
    """A request ends at the second look; pages of SOAP hold two objects."""

    def empty(self) -> None:
        self.extensions: dict[str, dict[str, Any]] = {}
        self.subscribers: dict[str, str] = {}
        self.requests: dict[str, dict[str, Any]] = {}
        self.pages: dict[str, tuple[list[str], int]] = {}
        self.tokens, self.short, self.fails = 0, False, ""

    def authorised(self, request: requests.PreparedRequest) -> bool:
        host, path = urlsplit(str(request.url)).hostname, urlsplit(str(request.url)).path
        purpose = {"/v2/token": "auth", "/Service.asmx": "soap"}.get(path, "rest")
        assert host == f"{SUBDOMAIN}.{purpose}.marketingcloudapis.com"
        if purpose == "rest":
            return request.headers["Authorization"] == f"Bearer {TOKEN}"
        return purpose == "auth" or "Authorization" not in request.headers

    @route("POST", "/v2/token")
    def token(self, body: Any, query: dict[str, str]) -> Any:
        assert body["grant_type"] == "client_credentials"
        if (body["client_id"], body["client_secret"], body["account_id"]) != ("client", SECRET, UNIT):
            raise Answer(401, {"error": "invalid_client", "error_description": "Invalid client ID."})
        self.tokens += 1
        return {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 1079}

    @route("PUT", "/data/v1/async/dataextensions/key:{key}/rows", upsert=True)
    def upsert(self, body: Any, query: dict[str, str], key: str) -> Any:
        number = f"request-{len(self.requests)}"
        if key not in self.extensions:
            said = {"resultType": "Operational", "resultClass": "Error", "resultCode": "CustomObjectNotFound"}
            return {"requestId": number, "resultMessages": [{**said, "message": f"Key: {key}"}]}
        self.requests[number] = {"key": key, "items": body["items"], "looks": 0, "results": []}
        return 202, {"requestId": number, "resultMessages": []}

    @route("GET", "/data/v1/async/{number}/status")
    def status(self, body: Any, query: dict[str, str], number: str) -> Any:
        if number not in self.requests:
            said = {"resultCode": "AsyncRequestStatusNotFound", "message": "Unable to locate it."}
            return {"requestId": number, "resultMessages": [said]}
        asked = self.requests[number]
        asked["looks"] += 1
        if asked["looks"] == 2:
            asked["results"] = [self._take(self.extensions[asked["key"]], item) for item in asked["items"]]
        wrong = any(each["status"] != "OK" for each in asked["results"])
        told = {"requestStatus": "Pending" if asked["looks"] < 2 else "Complete", "hasErrors": wrong}
        return {"status": {**told, "resultStatus": "Error" if wrong else "OK"}, "requestId": number}

    @route("GET", "/data/v1/async/{number}/results")
    def results(self, body: Any, query: dict[str, str], number: str) -> Any:
        size, page = int(query["$pageSize"]), int(query["$page"])
        found = self.requests[number]["results"][: 1 if self.short else None]
        items = found[(page - 1) * size : page * size]
        return {"page": page, "pageSize": size, "count": len(found), "items": items, "requestId": number}

    def _take(self, extension: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
        assert item.keys() <= extension["columns"].keys(), "a column is not there"
        if item[EMAIL].startswith("refused-later-"):
            return {"errorCode": "UnexpectedError", "message": f"{item[EMAIL]} is bad", "status": "Error"}
        row = extension["rows"].setdefault(item[EMAIL], {})
        row |= item
        return {"errorCode": "", "message": "", "status": "OK"}

    @route("POST", "/Service.asmx")
    def soap(self, body: str, query: dict[str, str]) -> Any:
        envelope = ElementTree.fromstring(body)
        token = next(each for each in envelope.iter() if each.tag.endswith("}fueloauth"))
        if self.fails or token.text != TOKEN:
            code, said = self.fails.split(": ") if self.fails else ("s:Security", "Token Expired")
            fault = f"<s:Fault><faultcode>{code}</faultcode><faultstring>{said}</faultstring></s:Fault>"
            raise Answer(500, _enveloped(fault))
        request = next(iter(envelope.find(f"{{{SOAP}}}Body") or ()))
        kind = request.tag.rpartition("}")[2].removesuffix("Msg").removesuffix("Request")
        return _enveloped(self._retrieve(request[0]) if kind == "Retrieve" else self._perform(kind, request))

    def _retrieve(self, request: Element) -> str:
        if continued := _of(request, "ContinueRequest"):
            results, start = self.pages[continued]
        else:
            results, start = self._find(request), 0
        end = start + PAGE
        number = f"page-{len(self.pages)}"
        self.pages[number] = (results, end)
        status = "MoreDataAvailable" if end < len(results) else "OK"
        found = "".join(f"<Results>{each}</Results>" for each in results[start:end])
        return (
            f'<RetrieveResponseMsg xmlns="{PARTNER}"><OverallStatus>{status}</OverallStatus>'
            f"<RequestID>{number}</RequestID>{found}</RetrieveResponseMsg>"
        )

    def _find(self, request: Element) -> list[str]:
        kind = _of(request, "ObjectType")
        values = [str(each.text) for each in request.iter() if each.tag == f"{{{PARTNER}}}Value"]
        where = _of(request, "Property")
        if kind == "Subscriber":
            assert where == "Status"
            return [
                f"<EmailAddress>{key}</EmailAddress><Status>{status}</Status>"
                for key, status in self.subscribers.items()
                if status in values
            ]
        if kind == "DataExtension":
            return [
                f"<CustomerKey>{key}</CustomerKey><Name>{each['name']}</Name>"
                for key, each in self.extensions.items()
                if {"CustomerKey": key, "Name": each["name"]}[where] in values
            ]
        if kind == "DataExtensionField":
            assert where == "DataExtension.CustomerKey"
            columns = [
                name for key in values if key in self.extensions for name in self.extensions[key]["columns"]
            ]
            return [f"<Name>{name}</Name>" for name in columns]
        rows = self.extensions[kind.removeprefix("DataExtensionObject[").removesuffix("]")]["rows"]
        pair = "<Properties><Property><Name>{}</Name><Value>{}</Value></Property></Properties>"
        return [pair.format(EMAIL, key) for key in rows if key in values]

    def _perform(self, kind: str, request: Element) -> str:
        said = [getattr(self, f"_{kind.lower()}")(each) for each in request if each.tag.endswith("}Objects")]
        overall = "OK" if not any(said) else "Error" if all(said) else "Has Errors"
        results = "".join(
            f"<Results><StatusCode>{'Error' if each else 'OK'}</StatusCode>"
            f"<StatusMessage>{each}</StatusMessage></Results>"
            for each in said
        )
        return (
            f'<{kind}Response xmlns="{PARTNER}">{results}<RequestID>1</RequestID>'
            f"<OverallStatus>{overall}</OverallStatus></{kind}Response>"
        )

    def _create(self, given: Element) -> str:
        key, name = _of(given, "CustomerKey"), _of(given, "Name")
        assert not FORBIDDEN & set(name)
        assert len(key) <= 36
        assert _of(given, "IsSendable") == "true"
        if any(each["name"] == name for each in self.extensions.values()):
            return "Updating an existing definition is not allowed when adding only."
        full = _of(given, "Description")
        self.extensions[key] = {"name": name, "full": full, "columns": _fields(given), "rows": {}}
        return ""

    def _update(self, given: Element) -> str:
        self.extensions[_of(given, "CustomerKey")]["columns"] |= _fields(given)
        return ""

    def _delete(self, given: Element) -> str:
        extension = self.extensions.get(_of(given, "CustomerKey"))
        if extension is None:
            return "Data extension does not exist."
        return "" if extension["rows"].pop(_of(given, "Value"), None) else "Row could not be found."


class SalesforceHarness(InProcess):
    """The connector and the stand-in."""

    kind = "salesforce_mc"
    given = {
        "host": f"https://{SUBDOMAIN}.rest.marketingcloudapis.com",
        "login": "client",
        "account_id": UNIT,
    }
    stand_in: BusinessUnit

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        rows = [
            each["rows"] for each in self.stand_in.extensions.values() if each["name"] == named(list_name)
        ]
        return {
            key: {name: str(value) for name, value in row.items() if name != EMAIL and value is not None}
            for each in rows
            for key, row in each.items()
            if key in set(keys)
        }

    def list_names(self) -> set[str]:
        return {each["full"] for each in self.stand_in.extensions.values()}

    def unsubscribe(self, key: str) -> None:
        self.stand_in.subscribers[key] = "Unsubscribed"

    def subscribed(self) -> set[str]:
        return {key for key, status in self.stand_in.subscribers.items() if status == "Active"}

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"


def _enveloped(body: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def _of(element: Element, name: str) -> str:
    return next((str(each.text) for each in element.iter() if each.tag == f"{{{PARTNER}}}{name}"), "")


def _fields(given: Element) -> dict[str, str]:
    fields = [each for each in given.iter() if each.tag == f"{{{PARTNER}}}Field"]
    return {_of(each, "Name"): _of(each, "FieldType") for each in fields}


@contextmanager
def start(folder: Path) -> Iterator[SalesforceHarness]:
    """A stand-in, until the block ends."""
    yield SalesforceHarness(BusinessUnit())
