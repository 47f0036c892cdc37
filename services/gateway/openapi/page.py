"""The page that shows the API's document: one file, no script, nothing fetched from anywhere."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from services.gateway.openapi.merging import Document, operations_of
from services.policy.routes import BY_OPERATION

_STYLE: Final = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
nav ul { columns: 3 16rem; padding: 0; list-style: none }
section { border-top: 1px solid var(--line); margin-top: 2rem }
article { border-left: 3px solid var(--line); padding-left: 1rem; margin: 1.5rem 0 }
code, .call { font: 14px/1.5 ui-monospace, monospace }
.call b { display: inline-block; min-width: 4.5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line) }
small, dt { opacity: .75 }
a { color: inherit }
"""


@dataclass(frozen=True, slots=True)
class Page:
    """The page, and the content security policy under which its one style sheet, and nothing else, works."""

    html: bytes
    policy: str


def render(document: Document) -> Page:
    """Render the merged document."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    info = document["info"]
    title = f"{escape(info['title'])} API"
    services = _by_service(document)
    body = "".join(
        (
            f"<h1>{title}</h1><p>{escape(info['description'])} ",
            'Version 1; the document for generators is <a href="/openapi.json">/openapi.json</a>.</p>',
            "<nav><ul>",
            *(f'<li><a href="#{escape(operation)}">{escape(operation)}</a></li>' for operation in _names(document)),
            "</ul></nav>",
            *(f"<section><h2>{escape(name)}</h2>{''.join(found)}</section>" for name, found in services.items()),
            "<section><h2>Schemas</h2>",
            *(_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())),
            "</section>",
        )
    )
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    html = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>\n'
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'"
    return Page(html.encode(), policy)


def _names(document: Document) -> list[str]:
    return sorted(operation["operationId"] for _, _, operation in operations_of(document))


def _by_service(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, method, operation in operations_of(document):
        service = BY_OPERATION[operation["operationId"]].service.value
        found.setdefault(service, []).append(_operation(path, method, operation))
    return found


def _operation(path: str, method: str, operation: Document) -> str:
    name = operation["operationId"]
    route = BY_OPERATION[name]
    callers = "everyone" if route.public else ", ".join(sorted(role.value for role in route.roles))
    rows = "".join(_parameter(parameter) for parameter in operation.get("parameters", ()))
    parameters = f"<table><tr><th>Parameter<th>Type<th>Meaning</tr>{rows}</table>" if rows else ""
    return "".join(
        (
            f'<article id="{escape(name)}"><h3>{escape(name)}</h3>',
            f'<p class="call"><b>{method.upper()}</b> {escape(path)}</p>',
            f"<p>{escape(operation.get('description') or operation['summary'])}</p>",
            f"<p><small>May call: {escape(callers)}</small></p>",
            parameters,
            f"<dl>{''.join(_bodies(operation))}</dl></article>",
        )
    )


def _bodies(operation: Document) -> Iterator[str]:
    if "requestBody" in operation:
        yield f"<dt>Body</dt><dd>{_content(operation['requestBody'])}</dd>"
    for status, response in operation["responses"].items():
        yield f"<dt>{escape(status)} {escape(response['description'])}</dt><dd>{_content(response)}</dd>"


def _content(holder: Document) -> str:
    content = holder.get("content", {})
    return "; ".join(f"{escape(media)}: {_type(what.get('schema', {}))}" for media, what in content.items())


def _parameter(parameter: Document) -> str:
    schema = parameter.get("schema", {})
    need = "" if parameter.get("required") else " (optional)"
    meaning = str(parameter.get("description", schema.get("description", "")))
    where = escape(parameter["in"])
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code> in {where}{need}"
        f"<td>{_type(schema)}<td>{escape(meaning)}</tr>"
    )


def _schema(name: str, schema: Document) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(member)}</code>{'' if member in required else ' (optional)'}"
        f"<td>{_type(value)}<td>{escape(value.get('description', ''))}</tr>"
        for member, value in schema.get("properties", {}).items()
    )
    table = f"<table><tr><th>Member<th>Type<th>Meaning</tr>{rows}</table>" if rows else f"<p>{_type(schema)}</p>"
    described = escape(schema.get("description", ""))
    return f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3><p>{described}</p>{table}</article>'


def _type(schema: Any) -> str:
    if not isinstance(schema, dict) or not schema:
        return "any"
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return " or ".join(_type(member) for member in schema[union])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(f"{schema.get('type', 'any')} {schema.get('format', '')}".strip())
