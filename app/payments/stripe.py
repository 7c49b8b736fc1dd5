"""Paid at Stripe: on a page of theirs, and a signed notification says what came of it.

This module is imported where an installation has the keys, and nowhere else: the library takes a quarter of a second.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import stripe
import structlog
from flask_babel import gettext as _
from stripe.params import RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from app.config import Settings
from app.payments.errors import PaymentUnavailable
from app.payments.providers import (
    DECLINED,
    PAID,
    RETURN_FAILED,
    Back,
    Money,
    Notification,
    NotRecognised,
    Payable,
    ReturnRefused,
    Started,
    Told,
)

log = structlog.get_logger(__name__)
stripe.enable_telemetry = False  # it would tell them of this machine, and keep a file in its owner's home

# to connect, and to answer: tried twice, it takes less than the 30 s after which gunicorn ends a request
PATIENCE = (4.0, 10.0)
RETRIES = 1
OLDEST_SECONDS = 300
SOONEST_END, LATEST_END = timedelta(minutes=32), timedelta(hours=24) - timedelta(minutes=1)

PAGE_DONE = {"checkout.session.completed", "checkout.session.async_payment_succeeded"}
PAGE_IN_VAIN = "checkout.session.async_payment_failed"
DECLINES = {PAGE_IN_VAIN, "payment_intent.payment_failed"}
OF_REFUNDS = {"refund.failed", "refund.updated", "charge.refund.updated"}
NOT_SENT = {"failed", "canceled"}


class StripeProvider:
    """Whatever we make there carries our name for it, and the mark of this installation: an account may serve more."""

    name = "stripe"
    by_hand = False
    outside = True

    def __init__(
        self, settings: Settings, *, patience: float | tuple[float, float] = PATIENCE, retries: int = RETRIES
    ) -> None:
        self._webhook_secret = settings.stripe_webhook_secret
        self._currency = settings.currency.lower()
        self._shop = hashlib.sha256(f"laurel.stripe:{settings.secret_key}".encode()).hexdigest()[:16]
        self._stripe = stripe.StripeClient(
            settings.stripe_secret_key,
            base_addresses={"api": settings.stripe_api_url},
            http_client=stripe.RequestsClient(timeout=patience),
            max_network_retries=retries,
        )

    def start(self, payable: Payable, *, back: Back, pay_by: datetime, now: datetime) -> Started:
        """A page at Stripe. Two tabs that ask in the same minute get the same one."""
        ends_at = _end_of_page(pay_by, now)
        wanted = self._page(payable, back, ends_at)
        try:
            page = self._stripe.v1.checkout.sessions.create(wanted, {"idempotency_key": _key_of(wanted, now)})
        except stripe.StripeError as error:
            about = {"error": type(error).__name__, "status": error.http_status, "cause": error.code}
            log.warning("stripe_page_failed", subject=payable.subject, request=error.request_id, **about)
            raise PaymentUnavailable from error
        url = getattr(page, "url", None) or ""
        if not url.startswith(("https://", "http://")):
            log.warning("stripe_page_failed", subject=payable.subject, error="no address")
            raise PaymentUnavailable
        return Started(url, page.id, ends_at)

    def recognise(self, told: Told, now: datetime) -> Notification | None:  # noqa: ARG002
        event = self._opened(told)
        thing: Mapping[str, Any] = event["data"]["object"]
        about, outcome = thing.get("metadata") or {}, _outcome_of(event["type"], thing)
        if outcome is None or about.get("shop") != self._shop:
            return None
        amount = thing["amount_total"] if event["type"].startswith("checkout.") else thing["amount"]
        return Notification(
            event_id=event["id"],
            outcome=outcome,
            happened_at=datetime.fromtimestamp(event["created"], UTC),
            subject=about["subject"],
            amount_cents=amount,
            reference=about["key"] if outcome == RETURN_FAILED else thing.get("payment_intent") or thing["id"],
            reason=thing.get("failure_reason") or "",
            is_foreign=thing["currency"] != self._currency,
            ended=thing["id"] if event["type"] == PAGE_IN_VAIN else "",
        )

    def give_back(self, money: Money) -> str:
        """Stripe forgets idempotency keys after a day, so what was made of this money before is looked up first."""
        try:
            refund = self._earlier_refund(money) or self._refund(money)
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            raise ReturnRefused(error.user_message or str(error)) from error
        if refund.status in NOT_SENT:
            raise ReturnRefused(getattr(refund, "failure_reason", None) or refund.status)
        return refund.id

    def _page(self, payable: Payable, back: Back, ends_at: datetime) -> SessionCreateParams:
        about = {"shop": self._shop, "subject": payable.subject}
        name = payable.title or _("Order %(number)s", number=payable.reference)
        price = {"currency": self._currency, "unit_amount": payable.amount_cents, "product_data": {"name": name}}
        page = {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "client_reference_id": payable.subject,
            "metadata": about,
            "payment_intent_data": {"metadata": about},
            "adaptive_pricing": {"enabled": False},  # what comes in is the total, in our currency
            "success_url": back.paid,
            "cancel_url": back.unpaid,
            "expires_at": int(ends_at.timestamp()),
        }
        return cast("SessionCreateParams", page)

    def _opened(self, told: Told) -> dict[str, Any]:
        """The event in a notification, which nobody else has signed, and not long ago. Raises NotRecognised."""
        try:
            told.signature.encode("ascii")
            stripe.WebhookSignature.verify_header(told.body, told.signature, self._webhook_secret, OLDEST_SECONDS)
            event = json.loads(told.body)
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise NotRecognised from error
        if not isinstance(event, dict) or event.get("object") != "event":
            raise NotRecognised
        return cast("dict[str, Any]", event)

    def _earlier_refund(self, money: Money) -> stripe.Refund | None:
        made = self._stripe.v1.refunds.list({"payment_intent": money.reference, "limit": 100})
        return next((each for each in made.auto_paging_iter() if _key_in(each) == money.key), None)

    def _refund(self, money: Money) -> stripe.Refund:
        wanted: RefundCreateParams = {
            "payment_intent": money.reference,
            "amount": money.amount_cents,
            "metadata": {"shop": self._shop, "subject": money.subject, "key": money.key},
        }
        return self._stripe.v1.refunds.create(wanted, {"idempotency_key": f"{money.reference}:{money.key}"})


def _end_of_page(pay_by: datetime, now: datetime) -> datetime:
    """As near to the order's end as Stripe lets a page wait: from half an hour to a day. In whole minutes."""
    return min(max(pay_by, now + SOONEST_END), now + LATEST_END).replace(second=0, microsecond=0)


def _key_of(wanted: SessionCreateParams, now: datetime) -> str:
    """The same page asked for in the same minute. Not longer: Stripe keeps its own failures under a key, too."""
    asked = json.dumps([f"{now:%Y-%m-%dT%H:%M}", wanted], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _outcome_of(kind: str, thing: Mapping[str, Any]) -> str | None:
    if kind in PAGE_DONE and thing.get("payment_status") == "paid":
        return PAID
    if kind in DECLINES:
        return DECLINED
    if kind in OF_REFUNDS and thing.get("status") in NOT_SENT and "key" in (thing.get("metadata") or {}):
        return RETURN_FAILED
    return None


def _key_in(refund: stripe.Refund) -> str | None:
    about = refund.metadata
    return about["key"] if about is not None and "key" in about else None
