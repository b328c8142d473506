"""/docs: the HTTP interface for developers, drawn here from /openapi.json; nothing is loaded from elsewhere."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.pages import page

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """Endpoints by tag, each with its parameters, bodies and answers: their words are English in every language."""
    schema = request.app.openapi()
    by_tag: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in schema.get("tags", [])}
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            by_tag.setdefault((said.get("tags") or ["other"])[0], []).append(_entry(path, method, said))
    described = {tag["name"]: tag["description"] for tag in schema.get("tags", [])}
    shapes = {name: json.dumps(shape, indent=2, ensure_ascii=False) for name, shape in _shapes(schema).items()}
    return page(request, "docs.html", info=schema["info"], tags=by_tag, described=described, shapes=shapes)


def _shapes(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema.get("components", {}).get("schemas", {})
    return found


def _entry(path: str, method: str, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": method.upper(),
        "path": path,
        "summary": said.get("summary", ""),
        "description": said.get("description", ""),
        "parameters": said.get("parameters", []),
        "body": _names(said.get("requestBody", {}).get("content", {})),
        "answers": [
            (status, answer.get("description", ""), _names(answer.get("content", {})))
            for status, answer in said.get("responses", {}).items()
        ],
    }


def _names(content: dict[str, Any]) -> list[str]:
    """The names of the shapes that a body may have, or its media type where it has none."""
    out = []
    for media_type, what in content.items():
        reference = what.get("schema", {}).get("$ref", "")
        out.append(reference.rpartition("/")[2] if reference else media_type)
    return out
