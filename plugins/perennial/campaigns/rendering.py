"""Templates and what is known of a person in; subject, HTML and text, out.

Templates are Jinja2's, in a sandbox: they reach the document's fields and nothing else, values are escaped
in HTML, and what has no value is an error, which is told before anything is sent.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError, meta
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from perennial.campaigns.definition import RESERVED, Campaign
from perennial.errors import TerminalError

SUBJECT = "subject"
LONGEST_SUBJECT = 255


class TemplateError(TerminalError):
    """A template cannot be read, or comes to nothing for somebody."""


class _NoValueError(Exception):
    """A template would print a field without a value."""


@dataclass(frozen=True)
class Content:
    """What a person reads."""

    subject: str
    html: str
    text: str


def _printed(value: Any) -> Any:
    if value is None:
        raise _NoValueError
    return value


class Templates:
    """Those of one campaign."""

    def __init__(self, folder: Path, campaign: Campaign) -> None:
        """Read and check them; `TemplateError` says which of them is wrong, where, and how."""
        self._campaign = campaign
        self._loader: BaseLoader = FileSystemLoader(folder)
        self._environment = ImmutableSandboxedEnvironment(
            loader=self._loader,
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html"),
            finalize=_printed,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._names = {"html": f"{campaign.template}.html", "text": f"{campaign.template}.txt"}
        allowed = {*campaign.fields, *RESERVED}
        for name in self._names.values():
            used = self._used(name, {name})
            self._refuse(name, used - allowed)
            if "unsubscribe_url" not in used:
                raise self._error(name, "it has no link to unsubscribe: put {{ unsubscribe_url }} into it")
        self._refuse(SUBJECT, self._used(None, set()) - allowed)
        self._subject = self._environment.from_string(campaign.subject)
        self._html, self._text = (
            self._environment.get_template(self._names[kind]) for kind in ("html", "text")
        )

    def render(self, fields: Mapping[str, Any], unsubscribe_url: str) -> Content:
        """For one person; `TemplateError` names nobody."""
        known = {**fields, "unsubscribe_url": unsubscribe_url, "campaign": self._campaign.title}
        said = []
        templates = (
            (self._subject, SUBJECT),
            (self._html, self._names["html"]),
            (self._text, self._names["text"]),
        )
        for template, name in templates:
            try:
                said.append(template.render(known))
            except Exception as error:
                raise self._failed(name, error, fields) from None
        subject = " ".join(said[0].split())
        if not subject or len(subject) > LONGEST_SUBJECT or not subject.isprintable():
            raise self._error(
                SUBJECT,
                f"it comes to {len(subject)} characters; expected 1 to {LONGEST_SUBJECT} printable ones",
            )
        return Content(subject, said[1], said[2])

    def _used(self, name: str | None, seen: set[str]) -> set[str]:
        """The names that a template uses, and those that it includes or extends."""
        try:
            if name is None:
                source = self._campaign.subject
            else:
                source, _, _ = self._loader.get_source(self._environment, name)
            tree = self._environment.parse(source, name)
            # Also finds filters and tests that there are none of.
            self._environment.compile(source, name)
        except TemplateNotFound as error:
            raise self._error(
                str(error.name), "there is no such file in include/campaigns/templates"
            ) from None
        except TemplateSyntaxError as error:
            raise self._error(name or SUBJECT, error.message or "cannot be read", error.lineno) from None
        except UnicodeDecodeError:
            raise self._error(name or SUBJECT, "it is not UTF-8") from None
        used = set(meta.find_undeclared_variables(tree))
        for other in meta.find_referenced_templates(tree):
            if other is not None and other not in seen:
                seen.add(other)
                used |= self._used(other, seen)
        return used

    def _refuse(self, name: str, unknown: set[str]) -> None:
        if unknown:
            known = ", ".join([*self._campaign.fields, *RESERVED])
            raise self._error(name, f"unknown: {', '.join(sorted(unknown))}; the document's fields: {known}")

    def _failed(self, name: str, error: Exception, fields: Mapping[str, Any]) -> TemplateError:
        """What went wrong, without what is known of the person."""
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename.endswith(name)
        ]
        line = lines[-1] if lines else None
        if isinstance(error, _NoValueError):
            empty = (
                ", ".join(sorted(field for field, value in fields.items() if value is None)) or "none of them"
            )
            said = (
                f"it prints what has no value for somebody: {empty}; give it a default, or ask for it with if"
            )
            return self._error(name, said, line)
        # Of other errors the message may hold a value.
        told = isinstance(error, UndefinedError | SecurityError)
        return self._error(name, str(error) if told else f"{type(error).__name__} for somebody", line)

    def _error(self, name: str, said: str, line: int | None = None) -> TemplateError:
        where = f"{name}, line {line}" if line else name
        return TemplateError(f"campaign {self._campaign.name}: {where}: {said}")
