"""A stand-in for Stripe over HTTP, as far as we use it: pages, refunds, idempotency keys, signed notifications.

It can be told to misbehave. Its pages have a button that pays, tells of it, and leads back.
"""

import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import Settings
from app.payments import service as payments

SECRET_KEY, WEBHOOK_SECRET = "sk_test_of_the_stand_in", "whsec_of_the_stand_in"
WEBHOOK = "/store/payments/stripe/webhook"
PATIENCE = 0.5
Thing = dict[str, Any]
_numbers = count(1)


class Refusal(Exception):
    """An error as Stripe answers it."""

    def __init__(self, status: int, message: str, code: str = "", kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"type": kind, "code": code, "message": message}}


@dataclass
class StandIn:
    """What it was asked, and what it made. `refuses`, `hangs`, `hangs_up` (after the work was done) until told else."""

    url: str = ""
    webhook_url: str = ""
    refuses: Refusal | None = None
    hangs: bool = False
    hangs_up: bool = False
    refund_status: str = "succeeded"
    asked: list[tuple[str, Mapping[str, str], str]] = field(default_factory=list)
    pages: dict[str, Thing] = field(default_factory=dict)
    refunds: list[Thing] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _answered: dict[str, tuple[Mapping[str, str], int, Thing]] = field(default_factory=dict)

    @property
    def page(self) -> Thing:
        """The one page that was made."""
        [page] = self.pages.values()
        return page

    def settings(self, of: Settings) -> Settings:
        keys: dict[str, Any] = {"stripe_secret_key": SECRET_KEY, "stripe_webhook_secret": WEBHOOK_SECRET}
        return replace(of, payments="stripe", stripe_api_url=self.url, **keys)

    def answer(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Thing]:
        """Under the same idempotency key the same answer, failures of its own included."""
        key = headers.get("Idempotency-Key", "")
        self.asked.append((path, params, key))
        if headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_***"}}
        if key in self._answered:
            asked, status, body = self._answered[key]
            return (status, body) if asked == params else (400, {"error": {"type": "idempotency_error"}})
        try:
            status, body = 200, self._do(path, params)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        if key and (status == 200 or status >= 500):
            self._answered[key] = (params, status, body)
        return status, body

    def pay(self, page: Thing) -> bytes:
        """Somebody pays on this page: what is told of it."""
        page.update(status="complete", payment_status="paid", payment_intent=f"pi_{next(_numbers)}")
        return self.event("checkout.session.completed", page)

    def fail(self, refund: Thing) -> bytes:
        """The money of a refund comes back: what is told of it."""
        refund.update(status="failed", failure_reason="expired_or_canceled_card")
        return self.event("refund.failed", refund)

    def decline(self, page: Thing) -> bytes:
        """A card is declined on this page, which stays open: what is told of it."""
        intent = {"id": f"pi_{next(_numbers)}", "object": "payment_intent", "amount": page["amount_total"]}
        return self.event("payment_intent.payment_failed", {**page, **intent})

    @staticmethod
    def event(kind: str, thing: Thing, **more: Any) -> bytes:
        told = {"id": f"evt_{next(_numbers)}", "object": "event", "type": kind, "created": int(time.time())}
        return json.dumps({**told, "data": {"object": thing}, **more}).encode()

    def _do(self, path: str, params: Mapping[str, str]) -> Thing:
        if self.refuses:
            raise self.refuses
        if path == "GET /v1/refunds":
            made = [each for each in self.refunds if each["payment_intent"] == params["payment_intent"]]
            return {"object": "list", "data": made, "has_more": False, "url": "/v1/refunds"}
        return self._open_page(params) if path == "POST /v1/checkout/sessions" else self._refund(params)

    def _open_page(self, params: Mapping[str, str]) -> Thing:
        amount = int(params["line_items[0][price_data][unit_amount]"])
        if amount < 50:
            raise Refusal(400, "The amount must convert to at least 50 cents.", "amount_too_small")
        if not 1800 <= int(params["expires_at"]) - time.time() <= 86_400:
            raise Refusal(400, "The `expires_at` timestamp must be 30 minutes to 24 hours from now.")
        name = f"cs_test_{next(_numbers)}"
        self.pages[name] = {
            "id": name,
            "object": "checkout.session",
            "url": f"{self.url}/pay/{name}",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "amount_total": amount,
            "currency": params["line_items[0][price_data][currency]"],
            "metadata": _inner(params, "metadata"),
            **{each: params[each] for each in ("client_reference_id", "success_url", "cancel_url", "expires_at")},
        }
        return self.pages[name]

    def _refund(self, params: Mapping[str, str]) -> Thing:
        paid = {each["payment_intent"]: each["amount_total"] for each in self.pages.values()}
        intent, amount = params["payment_intent"], int(params["amount"])
        if intent not in paid:
            raise Refusal(404, f"No such payment_intent: '{intent}'", "resource_missing")
        gone = (each for each in self.refunds if each["payment_intent"] == intent and each["status"] == "succeeded")
        if sum(each["amount"] for each in gone) + amount > paid[intent]:
            raise Refusal(400, "Refund amount is greater than unrefunded amount on charge.", "charge_already_refunded")
        made: Thing = {
            "object": "refund",
            "currency": "usd",
            "metadata": _inner(params, "metadata"),
            "failure_reason": None,
        }
        made |= {"id": f"re_{next(_numbers)}", "payment_intent": intent, "amount": amount, "status": self.refund_status}
        self.refunds.append(made)
        return made


def signed(body: bytes, *, secret: str = WEBHOOK_SECRET, at: float | None = None) -> dict[str, str]:
    """The header with which Stripe sends it."""
    stamp = int(time.time() if at is None else at)
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={signature}", "Content-Type": "application/json; charset=utf-8"}


def tell(app: Flask, body: bytes, headers: Mapping[str, str] | None = None) -> TestResponse:
    """Send a notification, from outside any browser."""
    sender: FlaskClient = app.test_client()
    sender.sends_csrf = False  # type: ignore[attr-defined]
    return sender.post(WEBHOOK, data=body, headers=signed(body) if headers is None else headers)


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """It answers on loopback while the block runs."""
    there = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Door,), {"there": there}))
    there.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        there.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def stripe(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The app under test is paid at the stand-in, and has little patience with it."""
    from app.payments.stripe import StripeProvider  # noqa: PLC0415  (other tests needn't wait for the library)

    with stand_in() as there:
        settings = there.settings(app.extensions["settings"])
        monkeypatch.setitem(app.extensions, "settings", settings)
        monkeypatch.setitem(app.extensions, "payments", {})
        payments.install(app)
        app.extensions["payments"]["stripe"] = StripeProvider(settings, patience=PATIENCE, retries=0)
        yield there


def _inner(params: Mapping[str, str], name: str) -> dict[str, str]:
    return {key[len(name) + 1 : -1]: value for key, value in params.items() if key.startswith(f"{name}[")}


class _Door(BaseHTTPRequestHandler):
    there: StandIn

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path.startswith("/pay/"):
            page = self.there.pages[asked.path.rsplit("/", 1)[1]]
            pay = f'<form method="post" action="{asked.path}"><button>Pay {page["amount_total"]}</button></form>'
            back = f'<a href="{page["cancel_url"]}">Back</a>'
            icon = '<link rel="icon" href="data:,">'
            self._say(200, f"<!doctype html><title>Stripe</title>{icon}{pay}{back}".encode(), "text/html")
        else:
            self._answer(asked.path, dict(parse_qsl(asked.query)))

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if not self.path.startswith("/pay/"):
            self._answer(self.path, dict(parse_qsl(text)))
            return
        page = self.there.pages[self.path.rsplit("/", 1)[1]]
        body = self.there.pay(page)
        if self.there.webhook_url:
            requests.post(self.there.webhook_url, data=body, headers=signed(body), timeout=30)
        self._say(303, b"", "text/plain", Location=page["success_url"])

    def _answer(self, path: str, params: dict[str, str]) -> None:
        if self.there.hangs:
            self.there.closing.wait(30)
            return
        status, body = self.there.answer(f"{self.command} {path}", params, self.headers)  # type: ignore[arg-type]
        if not self.there.hangs_up:
            self._say(status, json.dumps(body).encode(), "application/json", **{"Request-Id": "req_of_the_stand_in"})

    def _say(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Not a word."""
