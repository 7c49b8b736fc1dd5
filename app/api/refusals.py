"""What is wrong with a request, in sentences: the type checker's findings, told by field."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from pydantic import ValidationError

from app.api.schemas import Body
from app.errors import RETRY_AFTER, DomainError, ValidationFailed

EMPTY = _l("Please fill this in.")
SENTENCES: dict[str, Any] = {
    "amount_decimals": _l("Please give at most two decimals."),
    "amount_range": _l("Please give an amount from 0 to 99,999,999.99."),
    "at_most_one_decimal": _l("Please give at most one decimal."),
    "blank": EMPTY,
    "bool_type": _l("Please say true or false."),
    "day": _l("Please give a day such as 2026-03-01."),
    "day_range": _l("Please give a day from 1970 to 9998."),
    "dict_type": _l("Please give an object."),
    "extra_forbidden": _l("We don't know this field. Please check its spelling."),
    "float_type": _l("Please give a number."),
    "greater_than": _l("Please give more than %(gt)s."),
    "greater_than_equal": _l("Please give at least %(ge)s."),
    "int_type": _l("Please give a whole number."),
    "items_or_subtotal": _l("Please give items or a subtotal."),
    "json_invalid": _l("This is not valid JSON: %(error)s."),
    "leap_second": _l("Leap seconds aren't taken. Please give second 59, or the next minute."),
    "less_than_equal": _l("Please give at most %(le)s."),
    "list_type": _l("Please give a list."),
    "literal_error": _l("Please give one of %(expected)s."),
    "missing": _l("This is needed."),
    "model_type": _l("Please give an object."),
    "moment": _l("Please give a time with its offset, such as 2026-03-01T09:00:00+00:00."),
    "moment_range": _l("Please give a time from 1970 to 9998."),
    "number_range": _l("Please give a number from %(least)s to %(most)s."),
    "offer_id": _l("Please give the id or the external id of an offer."),
    "string_pattern_mismatch": _l("This has characters that don't belong here."),
    "string_too_long": _l("Please give at most %(max_length)s characters."),
    "string_too_short": _l("Please give at least %(min_length)s characters."),
    "string_type": _l("Please give a text."),
    "too_long": _l("Please give at most %(max_length)s of these."),
    "too_short": _l("Please give at least %(min_length)s of these."),
}


class IdempotencyMismatch(DomainError):
    code, status = "idempotency_mismatch", 422
    message = _l("This Idempotency-Key was used before for a different request. Please take a new one.")


class InProgress(DomainError):
    code, status = "in_progress", 409
    retry_after = RETRY_AFTER
    message = _l("The same request is still at work. Please ask again in a few seconds, with the same key.")


def of(error: ValidationError) -> ValidationFailed:
    """The refusal of a body or query, by field: `items.0.price`, or `body` for the whole."""
    fields: dict[str, list[Any]] = defaultdict(list)
    for each in error.errors(include_url=False, include_input=False):
        facts = each.get("ctx", {})
        name = ".".join(str(part) for part in each["loc"]) or facts.get("field", "body")
        fields[name].append(_sentence(each["type"], each["msg"], facts))
    return ValidationFailed(fields)


def in_terms_of(body: type[Body], refusal: DomainError) -> DomainError:
    """The same refusal, its fields under the names by which the sender knows them."""
    refusal.spell = body.spell
    refusal.rename(body.public_name)
    return refusal


def _sentence(kind: str, otherwise: str, facts: Mapping[str, Any]) -> str:
    sentence = EMPTY if kind == "string_too_short" and facts.get("min_length") == 1 else SENTENCES.get(kind)
    return otherwise if sentence is None else str(sentence) % facts if facts else str(sentence)
