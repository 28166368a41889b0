"""The Mailchimp connector, and a stand-in with the API's rules about who is subscribed."""

import hashlib
import io
import json
import tarfile
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from activation.destinations.harness import InProcess
from activation.destinations.stand_in import SECRET, Answer, StandIn, route

HOST = "https://us21.api.mailchimp.com"
LIST = "/3.0/lists/a1b2c3d4e5"
FILES = "https://mailchimp-api-batch.s3.amazonaws.com"


def problem(status: int, title: str, detail: str, errors: list[dict[str, str]] | None = None) -> Answer:
    """A refusal, as the API words them."""
    content = {"type": "https://mailchimp.com/developer", "title": title, "status": status, "detail": detail,
               "instance": "3f2a"}  # fmt: skip
    headers = {"Content-Type": "application/problem+json; charset=utf-8"}
    return Answer(status, {**content, **({"errors": errors} if errors else {})}, headers)


def digest(address: str) -> str:
    """A member's name."""
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


class Mailchimp(StandIn):
    """Members, merge fields, static segments and batches; a batch is carried out at the second poll."""

    def empty(self) -> None:
        self.members: dict[str, dict[str, Any]] = {}
        self.fields: list[dict[str, Any]] = [
            {"merge_id": 1, "tag": "FNAME", "name": "First Name", "type": "text"}
        ]
        self.segments: dict[str, dict[str, Any]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.forgotten: set[str] = set()

    def authorised(self, request: requests.PreparedRequest) -> bool:
        said = str(request.headers.get("Authorization", ""))
        if str(request.url).startswith(FILES):
            assert not said, "credentials must not go to the host of the files"
            return True
        return said.startswith("Basic ") and b64decode(said[6:]).decode().endswith(f":{SECRET}")

    def unauthorised(self) -> Answer:
        return problem(401, "API Key Invalid", "Your API key may be invalid.")

    @route("GET", LIST)
    def audience(self, body: Any, query: dict[str, str]) -> Any:
        return {"name": "Customers"}

    @route("GET", f"{LIST}/merge-fields")
    def merge_fields(self, body: Any, query: dict[str, str]) -> Any:
        return {"merge_fields": self._page(self.fields, query)}

    @route("POST", f"{LIST}/merge-fields")
    def create_merge_field(self, body: Any, query: dict[str, str]) -> Any:
        number = len(self.fields) + 1
        self.fields.append({"merge_id": number, "tag": f"MMERGE{number}", **body})
        return self.fields[-1]

    @route("GET", f"{LIST}/members")
    def list_members(self, body: Any, query: dict[str, str]) -> Any:
        assert (query["sort_field"], query["sort_dir"]) == ("last_changed", "ASC")
        chosen = [each for each in self.members.values() if each["status"] == query["status"]]
        return {"members": [{"email_address": each["email_address"]} for each in self._page(chosen, query)]}

    @route("PUT", f"{LIST}/members/{{hash}}")
    def upsert(self, body: Any, query: dict[str, str], hash: str) -> Any:
        address = body["email_address"]
        assert digest(address) == hash
        if "@" not in address or address.startswith("refused-later-"):
            raise problem(400, "Invalid Resource", f"{address} looks fake or invalid.")
        if hash in self.forgotten:
            raise problem(400, "Forgotten Email Not Subscribed", f"{address} was permanently deleted.")
        for tag, value in body.get("merge_fields", {}).items():
            (field,) = [each for each in self.fields if each["tag"] == tag]
            if field["type"] == "number" and not isinstance(value, int | float) and value != "":
                errors = [{"field": tag, "message": "Please enter a number."}]
                raise problem(400, "Invalid Resource", "Your merge fields were invalid.", errors)
        there = self.members.get(hash)
        # An archived member counts as a new one: the upsert brings them back.
        if there is None or there["status"] == "archived":
            there = {"id": hash, "email_address": address, "status": body["status_if_new"]}
            there["merge_fields"] = {}
        if body.get("status"):
            there["status"] = body["status"]
        there["merge_fields"] |= body.get("merge_fields", {})
        self.members[hash] = there
        return there

    @route("GET", f"{LIST}/segments")
    def list_segments(self, body: Any, query: dict[str, str]) -> Any:
        told = [{"id": each["id"], "name": each["name"]} for each in self.segments.values()]
        return {"segments": self._page(told, query)}

    @route("POST", f"{LIST}/segments")
    def create_segment(self, body: Any, query: dict[str, str]) -> Any:
        if any(each["name"] == body["name"] for each in self.segments.values()):
            raise problem(400, "Bad Request", f"Sorry, that tag already exists: {body['name']}")
        number = 7000 + len(self.segments)
        self.segments[str(number)] = {"id": number, "name": body["name"], "members": set()}
        return {"id": number, "name": body["name"], "type": "static", "member_count": 0}

    @route("PATCH", f"{LIST}/segments/{{segment}}")
    def rename_segment(self, body: Any, query: dict[str, str], segment: str) -> Any:
        there = self._segment(segment)
        there["name"] = body["name"]
        if "static_segment" in body:
            there["members"] = {digest(each) for each in body["static_segment"]}
        return {"id": there["id"], "name": there["name"], "type": "static"}

    @route("POST", f"{LIST}/segments/{{segment}}")
    def change_segment(self, body: Any, query: dict[str, str], segment: str) -> Any:
        there = self._segment(segment)
        add, remove = body.get("members_to_add", []), body.get("members_to_remove", [])
        if len(add) > 500 or len(remove) > 500:
            raise problem(400, "Bad Request", "A maximum of 500 members can be sent.")
        out = {None, "archived"}
        known = [each for each in add if self.members.get(digest(each), {}).get("status") not in out]
        absent = [each for each in add if each not in known]
        there["members"] |= {digest(each) for each in known}
        there["members"] -= {digest(each) for each in remove}
        error = {"email_addresses": absent, "error": "Email addresses do not exist on the list"}
        return {"total_added": len(known), "total_removed": len(remove), "error_count": len(absent),
                "errors": [error] if absent else [], "members_added": [], "members_removed": []}  # fmt: skip

    @route("POST", "/3.0/batches", upsert=True)
    def create_batch(self, body: Any, query: dict[str, str]) -> Any:
        if len(body["operations"]) > 1000:
            raise problem(400, "Bad Request", "Too many operations")
        if sum(each["status"] != "finished" for each in self.batches.values()) >= 500:
            raise problem(429, "Too Many Requests", "You have more than 500 pending batches.")
        name = f"b{len(self.batches) + 1}"
        self.batches[name] = {
            "operations": body["operations"],
            "polls": 0,
            "status": "pending",
            "answers": [],
        }
        return self._told(name)

    @route("GET", "/3.0/batches/{batch}")
    def batch(self, body: Any, query: dict[str, str], batch: str) -> Any:
        if batch not in self.batches:
            raise problem(404, "Resource Not Found", "The requested resource could not be found.")
        there = self.batches[batch]
        there["polls"] += 1
        if there["polls"] == 2:
            there["answers"] = [self._carry_out(each) for each in there["operations"]]
            there["status"] = "finished"
        return self._told(batch)

    def _told(self, name: str) -> dict[str, Any]:
        batch = self.batches[name]
        done = batch["answers"]
        return {
            "id": name, "status": batch["status"], "total_operations": len(batch["operations"]),
            "finished_operations": len(done),
            "errored_operations": sum(each["status_code"] >= 400 for each in done),
            "submitted_at": "2017-12-26T00:00:00+00:00", "completed_at": "2017-12-26T00:00:01+00:00",
            "response_body_url": f"{FILES}/{name}?X-Amz-Signature=x" if done else "",
        }  # fmt: skip

    def _carry_out(self, operation: dict[str, Any]) -> dict[str, Any]:
        """One operation, as the request that it stands for, and checked like one."""
        url = f"{HOST}/3.0{operation['path']}"
        request = requests.Request(operation["method"], url, params=operation.get("params"))
        prepared = request.prepare()
        prepared.body, name = operation["body"], operation["operation_id"]
        prepared.headers["Authorization"] = requests.auth._basic_auth_str("x", SECRET)  # type: ignore[attr-defined]
        answer = self.send(prepared)
        return {"status_code": answer.status_code, "operation_id": name, "response": answer.text}

    @route("GET", "/{batch}")
    def file(self, body: Any, query: dict[str, str], batch: str) -> Any:
        return archive(self.batches[batch]["answers"])

    def _segment(self, segment: str) -> dict[str, Any]:
        if segment not in self.segments:
            raise problem(404, "Resource Not Found", "The requested resource could not be found.")
        return self.segments[segment]

    def _page(self, rows: Iterable[Any], query: dict[str, str]) -> list[Any]:
        start, size = int(query.get("offset", 0)), int(query.get("count", 10))
        if size > 1000:
            raise problem(400, "Bad Request", "count must be at most 1000")
        return list(rows)[start : start + size]


def archive(answers: list[dict[str, Any]]) -> bytes:
    """A batch's answers as they are offered: a packed archive with one folder and files in it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as files:
        folder = tarfile.TarInfo("b/")
        folder.type = tarfile.DIRTYPE
        files.addfile(folder)
        for number, part in enumerate((answers[::2], answers[1::2])):
            text = json.dumps(part).encode()
            file = tarfile.TarInfo(f"b/{number}.json")
            file.size = len(text)
            files.addfile(file, io.BytesIO(text))
    return content.getvalue()


class MailchimpHarness(InProcess):
    """The connector and the stand-in."""

    kind = "mailchimp"
    documents = ("mailchimp-list-id.yml", "mailchimp-batches.yml")
    undocumented = (r"/b\d+",)
    given = {"host": HOST, "audience_id": LIST.rpartition("/")[2]}
    stand_in: Mailchimp

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        names = {each["tag"]: each["name"] for each in self.stand_in.fields}
        inside = {
            member
            for each in self.stand_in.segments.values()
            if each["name"] == list_name
            for member in each["members"]
        }
        return {
            key: {
                names[tag]: str(value)
                for tag, value in self.stand_in.members[digest(key)]["merge_fields"].items()
                if value != ""
            }
            for key in keys
            if digest(key) in inside
        }

    def list_names(self) -> set[str]:
        return {each["name"] for each in self.stand_in.segments.values()}

    def put(self, key: str, status: str) -> None:
        """Somebody is there already."""
        member = {"id": digest(key), "email_address": key, "status": status, "merge_fields": {}}
        self.stand_in.members[digest(key)] = member

    def unsubscribe(self, key: str) -> None:
        member = {"id": digest(key), "email_address": key, "merge_fields": {}}
        self.stand_in.members.setdefault(digest(key), member)["status"] = "unsubscribed"

    def forget(self, key: str) -> None:
        """Somebody is deleted for good."""
        self.stand_in.forgotten.add(digest(key))

    def subscribed(self) -> set[str]:
        members = self.stand_in.members.values()
        return {each["email_address"] for each in members if each["status"] in ("subscribed", "pending")}

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"


@contextmanager
def start(folder: Path) -> Iterator[MailchimpHarness]:
    """A stand-in, until the block ends."""
    yield MailchimpHarness(Mailchimp())
