"""Where Stripe tells us what came of a payment: signed, maybe late, twice, or out of order."""

import structlog
from flask import jsonify, request
from flask.typing import ResponseReturnValue

from app.deposits import service as deposits
from app.errors import NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.orders import service as orders
from app.payments import service as payments
from app.payments.errors import NotificationRefused
from app.payments.providers import NotRecognised, Told
from app.web.store import bp
from app.web.visitor import access

NAME = "stripe"
LARGEST_BODY = 256 * 1024
log = structlog.get_logger(__name__)


@bp.post("/payments/stripe/webhook")
@access("public")
def hear_stripe() -> ResponseReturnValue:
    """200 for whatever Stripe says, so that it doesn't say it again; 400 for what somebody else says.

    Without a CSRF token, which only pages have: the signature is worth more.
    """
    stripe, now = payments.provider(NAME), clock.now()
    request.max_content_length = LARGEST_BODY
    signed = Told(body=request.get_data(cache=False), signature=request.headers.get("Stripe-Signature", ""))
    try:
        told = stripe.recognise(signed, now)
    except NotRecognised:
        raise NotificationRefused from None
    if told is None:
        return jsonify(status="ok")
    try:
        with unit_of_work():
            take_in = orders.take_in if deposits.deposit_of(told.subject) is None else deposits.take_in
            take_in(NAME, told, now)
    except NotFound:
        log.warning("payment_of_nothing_known", event_id=told.event_id, subject=told.subject, outcome=told.outcome)
    return jsonify(status="ok")
