"""The description for people: a page at /api/docs, made of the same document that programs read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from app.api import samples
from app.api.openapi import Json, description
from app.api.tokens import public

bp = Blueprint("reference", __name__, url_prefix="/api")
DEPTH = 6
INVENTED: Mapping[str, Any] = {"string": "…", "integer": 1, "number": 12.5, "boolean": True, "null": None}
INVENTED_TIMES = {"date-time": "2026-12-31T22:00:00Z", "date": "2026-12-31"}


@dataclass(frozen=True, slots=True)
class Field:
    """A line of a table: what may be sent under which name."""

    name: str
    kind: str
    about: str
    limits: str
    is_needed: bool
    place: str = "body"


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint, as the page tells it."""

    id: str
    verb: str
    path: str
    tag: str
    summary: str
    about: Markup
    is_public: bool
    parameters: list[Field]
    body: list[Field]
    request: str
    example: str
    response: Markup
    status: int
    refusals: list[tuple[str, Markup]]


@bp.get("/docs")
@public
def show_reference() -> ResponseReturnValue:
    document = description()
    told = list(_operations(document))
    tags = {tag: [each for each in told if each.tag == tag] for tag in dict.fromkeys(each.tag for each in told)}
    return render_template("api/reference.html", tags=tags, rules=_rules())


def _rules() -> list[tuple[int, str, str]]:
    """What every endpoint may refuse, and why."""
    return [
        (400, "validation_error", _("Something isn't valid; fields says what and why.")),
        (401, "unauthorized", _("No token, or one that is no longer good.")),
        (403, "forbidden", _("The token is good, but not for this.")),
        (404, "not_found", _("There is no such thing, or it isn't yours to see.")),
        (409, "conflict", _("It was changed or taken in the meantime.")),
        (422, _("a reason"), _("It can't be done; the error code says why.")),
        (429, "rate_limited", _("Too many attempts: wait as long as Retry-After says.")),
        (503, "busy", _("Nothing was changed; ask again in a few seconds.")),
    ]


def _operations(document: Json) -> Iterator[Operation]:
    for path, verbs in document["paths"].items():
        for verb, told in verbs.items():
            yield _operation(path, verb.upper(), told, Schemas(document["components"]["schemas"]))


def _operation(path: str, verb: str, told: Json, schemas: "Schemas") -> Operation:
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    status = next(iter(told["responses"]))
    answer = told["responses"][status]["content"]["application/json"]["schema"]
    example = schemas.example(body) if body else None
    is_public = {} in told["security"]
    return Operation(
        id=told["operationId"],
        verb=verb,
        path=path,
        tag=told["tags"][0],
        summary=told["summary"],
        about=samples.with_code(told["description"]),
        is_public=is_public,
        parameters=[_parameter(each) for each in told["parameters"]],
        body=list(schemas.fields(body)) if body else [],
        request=samples.curl(path, verb, example, has_token=not is_public),
        example=samples.written(example) if body else "",
        response=samples.coloured(schemas.example(answer)),
        status=int(status),
        refusals=[
            (code, samples.with_code(each["description"])) for code, each in told["responses"].items() if code >= "400"
        ],
    )


def _parameter(told: Json) -> Field:
    schema = told["schema"]
    return Field(
        told["name"], _kind(schema), told.get("description", ""), _limits(schema), told["required"], told["in"]
    )


class Schemas:
    """The document's schemas, and what can be told of them."""

    def __init__(self, named: Mapping[str, Json]) -> None:
        self.named = named

    def fields(self, schema: Json, prefix: str = "", depth: int = 0) -> Iterator[Field]:
        """Every field, those of objects within it by their path: `items[].price`."""
        schema = self._resolved(schema)
        needed = schema.get("required", ())
        for name, part in schema.get("properties", {}).items():
            inner = self._resolved(part)
            item = self._resolved(inner.get("items", {}))
            about = part.get("description") or ""
            yield Field(prefix + name, _kind(inner, item), about, _limits({**inner, **part}), name in needed)
            for nested, suffix in ((inner, "."), (item, "[].")):
                if "properties" in nested and depth < DEPTH:
                    yield from self.fields(nested, f"{prefix}{name}{suffix}", depth + 1)

    def example(self, schema: Json, depth: int = 0) -> Any:
        """The schema's own example, else one made of its fields."""
        schema = self._resolved(schema)
        for word in ("examples", "enum"):
            if schema.get(word):
                return schema[word][0]
        if "const" in schema:
            return schema["const"]
        if "properties" in schema and depth < DEPTH:
            return {name: self.example(part, depth + 1) for name, part in schema["properties"].items()}
        if schema.get("type") == "array":
            return [self.example(schema["items"], depth + 1)] if "$ref" in schema["items"] else []
        if schema.get("format") in INVENTED_TIMES:
            return INVENTED_TIMES[schema["format"]]
        return schema.get("default", INVENTED.get(schema.get("type", ""), {}))

    def _resolved(self, schema: Json) -> Json:
        """What a reference leads to, or the one of several that isn't null."""
        if "$ref" in schema:
            return self._resolved(self.named[schema["$ref"].rsplit("/", 1)[1]])
        options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
        if options:
            rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
            return {**self._resolved(options[0]), **rest, "is_nullable": True}
        return schema


def _kind(schema: Json, item: Json | None = None) -> str:
    words = {
        "string": _("text"),
        "integer": _("whole number"),
        "number": _("number"),
        "boolean": _("true or false"),
        "object": _("object"),
    }
    if schema.get("format") in INVENTED_TIMES:
        return _("time with offset") if schema["format"] == "date-time" else _("date")
    if schema.get("type") == "array":
        return _("list of %(kind)s", kind=words.get((item or {}).get("type", ""), _("anything")))
    return words.get(schema.get("type", ""), "")


def _limits(schema: Json) -> str:
    told = []
    if "enum" in schema:
        told.append(_("one of %(choices)s", choices=", ".join(map(str, schema["enum"]))))
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        told.append(_("%(least)s to %(most)s", least=f"{least:,}", most=f"{most:,}"))
    if schema.get("maxLength"):
        told.append(_("at most %(count)s characters", count=schema["maxLength"]))
    if schema.get("maxItems"):
        told.append(_("at most %(count)s of them", count=schema["maxItems"]))
    if schema.get("is_nullable"):
        told.append(_("or null"))
    if schema.get("default") not in (None, [], ""):
        told.append(_("else %(default)s", default=json.dumps(schema["default"])))
    return ", ".join(told)
