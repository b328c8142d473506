"""What the generated OpenAPI document cannot know by itself: problems for all errors, and Idempotency-Key."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.middleware.idempotency import MAX_KEY_CHARS
from api.problems import MEDIA_TYPE, ProblemDetails

_REFERENCE = {"$ref": "#/components/schemas/ProblemDetails"}
_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and body: the first response, byte for byte. Another body: 422. In flight: 409.",
    "schema": {"type": "string", "maxLength": MAX_KEY_CHARS},
    "example": "7f3c2a9e-5b1d-4c8e-9a60-2d4f8b1e6c37",
}
_METHODS_THAT_WRITE = frozenset({"post", "put", "patch", "delete"})


def mount(app: FastAPI, required: tuple[str, ...]) -> None:
    """Completes `app.openapi()`; `required` are path prefixes whose writes need an Idempotency-Key."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(generate(), required)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _complete(schema: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    shapes = schema.setdefault("components", {}).setdefault("schemas", {})
    own = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    shapes.update(own.pop("$defs", {}))
    shapes["ProblemDetails"] = own
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            _problems(said)
            if method in _METHODS_THAT_WRITE and path.startswith("/v1/"):
                _idempotent(said, needed=path.startswith(required))
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)
    return schema


def _problems(said: dict[str, Any]) -> None:
    invalid = said["responses"].get("422")
    if invalid is not None:
        invalid["description"] = "Unprocessable Content"
        invalid["content"] = {MEDIA_TYPE: {"schema": _REFERENCE}}


def _idempotent(said: dict[str, Any], *, needed: bool) -> None:
    others = [p for p in said.get("parameters", []) if p["name"].lower() != "idempotency-key"]
    said["parameters"] = [*others, {**_KEY_HEADER, "required": needed}]
    for status, text in (("409", "Conflict"), ("422", "Unprocessable Content")):
        said["responses"].setdefault(status, {"description": text, "content": {MEDIA_TYPE: {"schema": _REFERENCE}}})
