"""The interface on one page to read, made from its OpenAPI document: no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter()

FIRST = (
    ("Is it there?", "curl $ECGOMICS/readyz"),
    ("A file, and its report to print", "curl $KEY -F file=@$FILE -F form=pdf -o report.pdf $ECGOMICS/v1/analyse/file"),
    ("The same, to compute with", "curl $KEY -F file=@$FILE $ECGOMICS/v1/analyse/file"),
    ("Records of the cohort", "curl $KEY '$ECGOMICS/v1/records?limit=5'"),
    ("What was found in one", "curl $KEY '$ECGOMICS/v1/records/$RECORD/findings?state=met'"),
    ("Its report as a FHIR bundle", "curl $KEY '$ECGOMICS/v1/records/$RECORD/report?form=fhir.json'"),
)
"""Requests to begin with; the variables are explained above them."""

STYLE = """:root{color-scheme:light dark;--ink:#161a22;--ground:#f4f5f7;--panel:#fff;--line:#d9dde3;--muted:#596275}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf1;--ground:#0f1318;--panel:#161b22;--line:#3a4350;--muted:#9aa4b2}}
body{margin:0 auto;padding:24px 16px 64px;max-width:900px;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
h1{font-size:22px}h2{font-size:17px;margin:32px 0 8px}p{margin:6px 0}.quiet{color:var(--muted)}
section{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:10px 14px;margin:10px 0}
h3{font-size:15px;margin:0}code,pre{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}
pre{overflow-x:auto;margin:4px 0 10px;white-space:pre-wrap}.way{display:inline-block;min-width:56px;font-weight:700}
table{border-collapse:collapse;width:100%;margin:8px 0 2px}
td,th{border-top:1px solid var(--line);padding:4px 8px 4px 0;text-align:left;vertical-align:top;font-size:13px}
.wide{overflow-x:auto}"""


@router.get("/docs", include_in_schema=False)
def guide(request: Request) -> HTMLResponse:
    """The page."""
    return HTMLResponse(page_of(request.app.openapi()))


def page_of(document: Mapping[str, Any]) -> str:
    """An OpenAPI document as a page.

    Parameters
    ----------
    document
        As ``/openapi.json`` gives it.
    """
    about = document["info"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(about['title'])}: interface</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(about['title'])} {escape(about['version'])}: interface</h1>",
        f"<p>{escape(about['description'])}</p>",
        '<p class="quiet">For machines: <a href="openapi.json">openapi.json</a>.</p>',
        "<h2>To begin with</h2><p>In a shell, with <code>ECGOMICS</code> the address of this service, "
        "<code>KEY='-H Authorization:\\ Bearer\\ …'</code> a key of <code>ecgomics people key NAME</code> (none where "
        "the service is open), <code>FILE</code> a recording and <code>RECORD</code> the id of a record:</p>",
        *(f"<p>{escape(what)}</p><pre>{escape(command)}</pre>" for what, command in FIRST),
        "<h2>Everything it answers</h2>",
        *_operations(document),
        "<h2>What is sent and answered</h2>",
        *_models(document.get("components", {}).get("schemas", {})),
    ]
    for tag in document.get("tags", ()):
        parts.append(f"<h2>{escape(tag['name'].capitalize())}</h2><pre>{escape(tag['description'])}</pre>")
    return "\n".join([*parts, "</body></html>"])


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, ways in document["paths"].items():
        for way, told in ways.items():
            yield (
                f'<section><h3><span class="way">{way.upper()}</span><code>{escape(path)}</code></h3>'
                f"<p><b>{escape(told.get('summary', ''))}.</b> {escape(told.get('description', ''))}</p>"
                f"{_table(_given(told))}</section>"
            )


def _given(told: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What an operation takes: name, where and whether it must be there, what it is."""
    for one in told.get("parameters", ()):
        must = "must be" if one.get("required") else "may be"
        said = " ".join(part for part in (_kind(one.get("schema", {})), one.get("description", "")) if part)
        yield one["name"], f"{must} in {one['in']}", said
    for kind, content in told.get("requestBody", {}).get("content", {}).items():
        yield "body", kind, _kind(content.get("schema", {}))


def _models(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        must = schema.get("required", ())
        rows = (
            (
                field,
                "must be there" if field in must else "may be there",
                f"{_kind(what)} {what.get('description', '')}",
            )
            for field, what in schema.get("properties", {}).items()
        )
        about = f"<p>{escape(schema.get('description', ''))}</p>"
        yield f'<section id="{escape(name, quote=True)}"><h3>{escape(name)}</h3>{about}{_table(rows)}</section>'


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(where)}</td><td>{escape(what)}</td></tr>"
        for name, where, what in rows
    )
    return f'<div class="wide"><table>{cells}</table></div>' if cells else ""


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(str(one) or "nothing" for one in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    inside = schema.get("additionalProperties")
    if isinstance(inside, Mapping):
        return f"object of {_kind(inside)}"
    ends = [f"{word} {schema[name]:g}" for name, word in (("minimum", "from"), ("maximum", "to")) if name in schema]
    return " ".join([str(schema.get("type", "")), *ends])
