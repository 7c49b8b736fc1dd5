"""The API's description of itself, from the very models that check what comes in."""

import inspect
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, cast

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from werkzeug.routing import Rule

from app.api import bp
from app.api.endpoint import Promise
from app.api.schemas import Refusal
from app.api.tokens import public
from app.kit.routes import LARGEST_ID

Json = dict[str, Any]
Models = Mapping[tuple[Any, JsonSchemaMode], Json]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PARAMETER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
TITLE = "Laurel"
ABOUT = """Promotions and loyalty, for programs.

Every answer is one envelope: `{"status": "success", "message": …, "data": …}` or
`{"status": "error", "message": …, "error": …, "fields": …, "data": …}`. `message` is for people, `error` is a stable
code for programs. Times are ISO 8601 with an offset, amounts are numbers with at most two decimals. Unknown fields are
refused, so that no typo is ignored."""
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A JWT from `POST /api/v1/auth/token`, or an API key that an admin made. Cookies never authorise.",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A text of your own. The same key with the same body gets the first answer again for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}


class InOrder(GenerateJsonSchema):
    """Keeps fields and examples in the order in which they were written."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        return value


@bp.get("/openapi.json")
@public
def describe() -> ResponseReturnValue:
    """The description, made once."""
    described = Response(json.dumps(description(), ensure_ascii=False), mimetype="application/json")
    described.headers["Access-Control-Allow-Origin"] = "*"
    described.add_etag()
    return described.make_conditional(request)


def description() -> Json:
    """The OpenAPI 3.1 document of the app in hand."""
    kept: Json | None = current_app.extensions.get("openapi")
    if kept is None:
        kept = current_app.extensions["openapi"] = _describe(current_app)
    return kept


def _describe(app: Flask) -> Json:
    promised = list(_promised(app))
    schemas, defined = models_json_schema(
        sorted(_models(promised), key=lambda each: each[0].__name__),
        ref_template="#/components/schemas/{model}",
        schema_generator=InOrder,
    )
    paths: dict[str, Json] = {}
    for rule, method, view, promise in promised:
        path = PARAMETER.sub(r"{\2}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = _operation(rule, view, promise, schemas)
    described = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "description": ABOUT},
        "tags": [{"name": name} for name in dict.fromkeys(promise.tag for *_rest, promise in promised)],
        "paths": paths,
        "components": {"schemas": defined.get("$defs", {}), "securitySchemes": {"bearer": BEARER}},
    }
    return cast("Json", _untitled(described))


def _promised(app: Flask) -> Iterator[tuple[Rule, str, Any, Promise]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        promise: Promise | None = getattr(view, "promise", None)
        if promise is not None:
            for method in METHODS:
                if method in (rule.methods or ()):
                    yield rule, method, view, promise


def _models(promised: list[tuple[Rule, str, Any, Promise]]) -> set[tuple[type[BaseModel], JsonSchemaMode]]:
    models: set[tuple[type[BaseModel], JsonSchemaMode]] = {(Refusal, "serialization")}
    for *_rest, promise in promised:
        models.add((promise.envelope, "serialization"))
        models |= {(each, "validation") for each in (promise.body, promise.query) if each}
    return models


def _operation(rule: Rule, view: Any, promise: Promise, schemas: Models) -> Json:
    summary, _gap, more = (inspect.getdoc(view) or "").partition("\n")
    operation: Json = {
        "operationId": view.__name__,
        "tags": [promise.tag],
        "summary": summary.rstrip("."),
        "description": more.strip(),
        "parameters": [*_in_path(rule), *_in_query(promise), *([IDEMPOTENCY_KEY] if promise.creates else [])],
        "responses": _responses(rule, view, promise, schemas),
        "security": _security(view),
    }
    if promise.body:
        content = {"application/json": {"schema": schemas[promise.body, "validation"]}}
        is_needed = any(field.is_required() for field in promise.body.model_fields.values())
        operation["requestBody"] = {"required": is_needed, "content": content}
    return operation


def _in_path(rule: Rule) -> Iterator[Json]:
    for converter, name in PARAMETER.findall(rule.rule):
        schema: Json = {"type": "string", "minLength": 1}
        if converter in {"int", "id"}:
            schema = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(promise: Promise) -> Iterator[Json]:
    if promise.query is None:
        return
    schema = promise.query.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, described in schema["properties"].items():
        about = described.pop("description", "")
        described.pop("title", None)
        yield {"name": name, "in": "query", "required": False, "description": about, "schema": _not_null(described)}


def _not_null(schema: Json) -> Json:
    """A parameter is left out; it is never null."""
    options = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(options) != 1:
        return schema
    return {**options[0], **{name: value for name, value in schema.items() if name not in {"anyOf", "default"}}}


def _responses(rule: Rule, view: Any, promise: Promise, schemas: Models) -> Json:
    answer = _content(schemas[promise.envelope, "serialization"])
    refused = _content(schemas[Refusal, "serialization"])
    refusals = sorted(_refusals(rule, view, promise).items())
    return {
        str(promise.status): {"description": "Done.", "content": answer},
        **({"200": {"description": promise.again, "content": answer}} if promise.again else {}),
        **{str(status): {"description": " ".join(about), "content": refused} for status, about in refusals},
    }


def _refusals(rule: Rule, view: Any, promise: Promise) -> dict[int, list[str]]:
    told: dict[int, list[str]] = defaultdict(list)
    for status, about in promise.refuses.items():
        told[status].append(about)
    told[400].append("`validation_error`: `fields` says what is wrong with which field.")
    if promise.body:
        told[413].append("`too_large`: a body has at most 1 MB.")
        told[415].append("`unsupported_media_type`: send JSON, with `Content-Type: application/json`.")
    if not _is_public(view):
        told[401].append("`unauthorized`: no token, or one that is no longer good.")
        told[403].append("`forbidden`: the token is good, but not for this.")
    if rule.arguments:
        told[404].append("`not_found`: there is no such thing, or it isn't yours to see.")
    if promise.creates:
        told[409].append("`in_progress`: a twin is still at work; ask again after `Retry-After` seconds.")
        told[422].append("`idempotency_mismatch`: the key was used before, for something else.")
    told[429].append("`rate_limited`: too many attempts; `Retry-After` says how long to wait.")
    told[503].append("`busy`: nothing was changed; ask again after `Retry-After` seconds.")
    return told


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _untitled(part: Any) -> Any:
    """Without the titles that say no more than the names they were made of."""
    if isinstance(part, dict):
        is_schema = bool({"type", "anyOf"} & part.keys()) and isinstance(part.get("title"), str)
        return {name: _untitled(value) for name, value in part.items() if not (is_schema and name == "title")}
    return [_untitled(each) for each in part] if isinstance(part, list) else part


def _security(view: Any) -> list[Json]:
    """A public one may be called with a token too, where that shows more."""
    return [{}, {"bearer": []}] if _is_public(view) else [{"bearer": []}]


def _is_public(view: Any) -> bool:
    return "public" in getattr(view, "access", ())
