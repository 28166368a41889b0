"""What connectors declare in; what each can, takes and needs out."""

from generator.markdown import code, link, page, prose, table
from perennial.activation.destinations.connector import Connector
from perennial.activation.destinations.overview import capabilities, limits
from perennial.activation.destinations.registry import connector, kinds

FOLDER = "../plugins/perennial/activation/destinations"


def connectors_page() -> str:
    """The page of all connectors."""
    return page(
        "Connectors",
        "Providers to which an activation can send, each with the connection that it needs in Airflow"
        " (*Admin, Connections*). [destinations.md](../destinations.md) says what the words of both tables"
        " mean, and how audiences become files in folders, object stores and over SFTP.",
        "## What they can",
        _deeper(capabilities()),
        "## How much they take",
        _deeper(limits()),
        *(_section(connector(kind)) for kind in kinds()),
    )


def _deeper(text: str) -> str:
    """Links of `docs/destinations.md` as seen from `docs/reference`."""
    return text.replace(f"]({FOLDER}", f"](../{FOLDER}")


def _section(each: Connector) -> str:
    said, form = each.declaration, each.declaration.connection
    facts = [
        ("Kind", code(each.kind)),
        ("API", link(said.api, said.api)),
        ("More", link("README", f"../{FOLDER}/{each.kind}/README.md")),
        ("Connection's type", code(each.kind)),
        ("Allowed hosts", ", ".join(map(code, form.hosts))),
        ("Never mapped to", ", ".join(map(code, said.capabilities.consent_fields))),
        ("Bytes in one upsert", f"{each.limits.bytes:,}"),
    ]
    rows = [
        (
            code(name),
            field.label,
            "yes" if field.required else "",
            "yes" if field.secret or name == "password" else "",
            code(field.default) if field.default else "",
            prose(field.help),
        )
        for name, field in form.fields.items()
    ]
    fields = table(["Field", "Called", "Required", "Secret", "Default", "What to give"], rows)
    return "\n\n".join([f"## {said.title}", table(["", ""], [fact for fact in facts if fact[1]]), fields])
