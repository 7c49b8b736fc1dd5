"""What an endpoint promises: checked on the way in, written on the way out, and told to others by `openapi`."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from app.api import refusals
from app.api.schemas import Body, Query, Success
from app.api.tokens import caller
from app.errors import DomainError, ValidationFailed
from app.kit import clock, idempotency
from app.kit.db import unit_of_work

MOST_BYTES = 1024 * 1024
KEY = re.compile(rf"[!-~]{{1,{idempotency.LONGEST_KEY}}}")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a view answers: the data, a sentence for people, a status.

    With an `etag` (a weak one) whoever holds that answer already gets a 304.
    """

    data: BaseModel | None
    message: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """Everything that others must know to call an endpoint. `again` is when it answers 200 instead of its `status`."""

    tag: str
    data: type[BaseModel] | None
    status: int = 200
    body: type[Body] | None = None
    query: type[Query] | None = None
    refuses: Mapping[int, str] = field(default_factory=dict)
    creates: bool = False
    again: str = ""

    @property
    def envelope(self) -> type[BaseModel]:
        """The model of the whole answer."""
        return cast("type[BaseModel]", cast("Any", Success)[self.data])


View = Callable[..., Answer]
Endpoint = Callable[..., ResponseReturnValue]


def endpoint(promise: Promise) -> Callable[[View], Endpoint]:
    """Keep the promise: the view gets `body` and `query` read and checked, beside what the address holds.

    What `creates` runs in a unit of work of ours and honours `Idempotency-Key`.
    """

    def keeping(view: View) -> Endpoint:
        @wraps(view)
        def answer(**given: Any) -> ResponseReturnValue:
            if promise.body is not None:
                given["body"] = _read_body(promise.body)
            asked = _read_query(promise.query or Query)
            if promise.query is not None:
                given["query"] = asked
            try:
                if promise.creates:
                    return _once(view, given)
                told = view(**given)
            except DomainError as refusal:
                raise refusals.in_terms_of(promise.body or Body, refusal) from None
            return _furnished(_response(told.status, _written(told)), told)

        answer.__dict__["promise"] = promise
        return answer

    return keeping


def _read_body(model: type[M]) -> M:
    request.max_content_length = MOST_BYTES
    has_body = request.content_length or "Transfer-Encoding" in request.headers  # of what type nothing is, says nothing
    if has_body and request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        return model.model_validate_json(request.get_data() or b"{}")
    except ValidationError as error:
        raise refusals.of(error) from None


def _read_query(model: type[M]) -> M:
    given = request.args.to_dict(flat=False)
    twice = {name: [_("Please give this only once.")] for name, values in given.items() if len(values) > 1}
    if twice:
        raise ValidationFailed(twice)
    try:
        return model.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        raise refusals.of(error) from None


def _once(view: View, given: dict[str, Any]) -> Response:
    """Do it in one unit of work; under an `Idempotency-Key` once, and tell its first answer from then on."""
    key = _idempotency_key()
    with unit_of_work():
        if key is None:
            told = view(**given)
            return _response(told.status, _written(told))
        kept = _claim(key, given)
        if kept is not None:
            return _response(kept.status, kept.body)
        told = view(**given)
        written = _written(told)
        idempotency.keep(caller().label, key, status=told.status, body=written)
    return _response(told.status, written)


def _claim(key: str, given: dict[str, Any]) -> idempotency.Kept | None:
    body = given["body"].model_dump_json(exclude_unset=True) if "body" in given else ""
    fingerprint = hashlib.sha256(f"{request.method} {request.full_path}\n{body}".encode()).hexdigest()
    try:
        return idempotency.claim(caller().label, key, fingerprint, now=clock.now())
    except idempotency.KeyReused:
        raise refusals.IdempotencyMismatch from None
    except idempotency.TwinAtWork as error:
        raise refusals.InProgress from error


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise ValidationFailed(
            {"Idempotency-Key": [_("Please give 1 to 128 letters, digits or signs, without spaces.")]}
        )
    return key


def _written(told: Answer) -> str:
    return Success.model_construct(message=told.message, data=told.data).model_dump_json(by_alias=True)


def _furnished(response: Response, told: Answer) -> Response:
    response.headers.extend(told.headers.items())
    if told.etag is None:
        return response
    response.set_etag(told.etag, weak=True)
    response.make_conditional(request)
    return response


def _response(status: int, body: str) -> Response:
    return Response(body, status, mimetype="application/json")
