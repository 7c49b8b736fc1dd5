"""Stripe, spoken to over HTTP with the official library: pages, notifications, money that goes back."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.payments.errors import PaymentUnavailable
from app.payments.providers import Back, Money, Notification, NotRecognised, Payable, ReturnRefused, Told
from app.payments.stripe import StripeProvider
from tests.conftest import settings_for_tests
from tests.payments.stripe_stand_in import PATIENCE, Refusal, StandIn, Thing, signed, stand_in

ORDER = Payable("invoice:12", "2026-000012", 1000)
BACK = Back("http://shop.example/12?paid=1", "http://shop.example/12")
A_DAY = timedelta(hours=24)
BROKEN = Refusal(500, "Something went wrong.", kind="api_error")
BUSY = Refusal(429, "Too many requests.", "rate_limit")

pytestmark = [
    pytest.mark.usefixtures("app"),  # what a page is called there is said in the shopper's language
    pytest.mark.parametrize("app", ["sqlite"], indirect=True),
]


@pytest.fixture
def there() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


@pytest.fixture
def settings(there: StandIn, tmp_path: Path) -> Settings:
    return there.settings(settings_for_tests(tmp_path, "sqlite://", ""))


@pytest.fixture
def stripe(settings: Settings) -> StripeProvider:
    return StripeProvider(settings, patience=PATIENCE, retries=0)


def start(
    stripe: StripeProvider, payable: Payable = ORDER, *, within: timedelta = A_DAY, now: datetime | None = None
) -> str:
    now = now or datetime.now(UTC)
    return stripe.start(payable, back=BACK, pay_by=now + within, now=now).reference


def hear(stripe: StripeProvider, body: bytes, **signing: Any) -> Notification | None:
    return stripe.recognise(Told(body=body, signature=signed(body, **signing)["Stripe-Signature"]), datetime.now(UTC))


def paid_page(stripe: StripeProvider, there: StandIn) -> Thing:
    page = there.pages[start(stripe)]
    there.pay(page)
    return page


def money(page: Thing, cents: int = 400, key: str = "refund:7:1") -> Money:
    return Money(key, "invoice:12", page["payment_intent"], cents)


def test_the_library_is_loaded_only_where_it_is_needed() -> None:
    looks = "import sys, app.api, app.web; print('stripe' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", looks], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_a_page_asks_for_the_total_and_carries_our_names(stripe: StripeProvider, there: StandIn) -> None:
    now = datetime.now(UTC)
    started = stripe.start(ORDER, back=BACK, pay_by=now + timedelta(hours=2), now=now)
    page = there.page
    assert (started.url, started.reference) == (page["url"], page["id"])
    assert (page["amount_total"], page["currency"], page["client_reference_id"]) == (1000, "usd", "invoice:12")
    assert (page["success_url"], page["cancel_url"]) == (BACK.paid, BACK.unpaid)
    [(_path, params, key)] = there.asked
    assert params["line_items[0][price_data][product_data][name]"] == "Order 2026-000012"
    assert params["payment_intent_data[metadata][subject]"] == params["metadata[subject]"] == "invoice:12"
    assert key
    assert started.expires_at is not None
    assert timedelta(hours=2) - timedelta(minutes=1) < started.expires_at - now <= timedelta(hours=2)


@pytest.mark.parametrize("hours", [0, 0.5, 24, 50])
def test_a_page_waits_as_long_as_stripe_allows(stripe: StripeProvider, there: StandIn, hours: float) -> None:
    start(stripe, within=timedelta(hours=hours))
    assert there.page["status"] == "open"


def test_asked_twice_in_a_minute_it_is_the_same_page_and_later_another(stripe: StripeProvider, there: StandIn) -> None:
    now = datetime.now(UTC).replace(second=5)
    assert start(stripe, now=now) == start(stripe, now=now + timedelta(seconds=40))
    assert start(stripe, now=now + timedelta(minutes=1)) != start(stripe, replace(ORDER, subject="invoice:13"))
    assert len(there.pages) == 3


@pytest.mark.parametrize("refusal", [BROKEN, BUSY, Refusal(402, "No.", kind="card_error"), Refusal(400, "Bad.")])
def test_a_refusal_is_told_as_not_available(stripe: StripeProvider, there: StandIn, refusal: Refusal) -> None:
    there.refuses = refusal
    with pytest.raises(PaymentUnavailable):
        start(stripe)
    there.refuses = None
    assert start(stripe, now=datetime.now(UTC) + timedelta(minutes=1), within=timedelta(hours=2))


def test_so_are_silence_a_broken_line_a_closed_door_and_a_wrong_key(
    stripe: StripeProvider, there: StandIn, settings: Settings
) -> None:
    there.hangs = True
    began = time.monotonic()
    with pytest.raises(PaymentUnavailable):
        start(stripe)
    assert time.monotonic() - began < 5
    there.hangs, there.hangs_up = False, True
    with pytest.raises(PaymentUnavailable):
        start(stripe)
    there.hangs_up = False
    for odd in ({"stripe_api_url": "http://127.0.0.1:9"}, {"stripe_secret_key": "sk_test_wrong"}):
        with pytest.raises(PaymentUnavailable):
            start(StripeProvider(replace(settings, **odd), patience=PATIENCE, retries=0))  # type: ignore[arg-type]
    with pytest.raises(PaymentUnavailable):
        start(stripe, replace(ORDER, amount_cents=20))


def test_a_page_without_an_address_is_none(
    stripe: StripeProvider, there: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    there.url = "javascript:"
    with pytest.raises(PaymentUnavailable):
        start(stripe)
    assert "sk_test" not in caplog.text


def test_what_goes_wrong_is_logged_without_secrets(
    stripe: StripeProvider, there: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    there.refuses = Refusal(400, "sk_test_of_the_stand_in is odd", "odd")
    with pytest.raises(PaymentUnavailable):
        start(stripe)
    assert "'cause': 'odd'" in caplog.text
    assert "sk_test" not in caplog.text


def test_a_broken_line_is_tried_once_more_with_the_same_key(settings: Settings, there: StandIn) -> None:
    there.hangs_up = True
    with pytest.raises(PaymentUnavailable):
        start(StripeProvider(settings, patience=PATIENCE, retries=1))
    assert len({key for _path, _params, key in there.asked}) == 1
    assert (len(there.asked), len(there.pages)) == (2, 1)


def test_a_paid_page_is_recognised(stripe: StripeProvider, there: StandIn) -> None:
    page = there.pages[start(stripe)]
    body = there.pay(page)
    told = hear(stripe, body)
    assert told is not None
    assert (told.outcome, told.subject, told.amount_cents) == ("paid", "invoice:12", 1000)
    assert told.reference == page["payment_intent"]
    assert abs(told.happened_at.timestamp() - time.time()) < 60
    assert told == hear(stripe, body)
    later = hear(stripe, there.event("checkout.session.async_payment_succeeded", page))
    assert later is not None
    assert later.outcome == "paid"


def test_a_page_that_is_done_and_not_paid_yet_says_nothing(stripe: StripeProvider, there: StandIn) -> None:
    page = {**paid_page(stripe, there), "payment_status": "unpaid"}
    assert hear(stripe, there.event("checkout.session.completed", page)) is None


def test_a_declined_card_leaves_the_page_open_and_a_failed_transfer_ends_it(
    stripe: StripeProvider, there: StandIn
) -> None:
    page = there.pages[start(stripe)]
    card, transfer = (
        hear(stripe, there.decline(page)),
        hear(stripe, there.event("checkout.session.async_payment_failed", page)),
    )
    assert card is not None
    assert transfer is not None
    assert (card.outcome, card.ended) == ("declined", "")
    assert (transfer.outcome, transfer.ended) == ("declined", page["id"])


def test_money_of_another_currency_is_foreign(stripe: StripeProvider, there: StandIn) -> None:
    page = paid_page(stripe, there)
    told = hear(stripe, there.event("checkout.session.completed", {**page, "currency": "jpy"}))
    assert told is not None
    assert told.is_foreign


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated", "charge.refund.updated"])
def test_a_refund_that_came_back_is_told_by_our_key(stripe: StripeProvider, there: StandIn, kind: str) -> None:
    page = paid_page(stripe, there)
    stripe.give_back(money(page))
    [refund] = there.refunds
    assert hear(stripe, there.event("refund.updated", refund)) is None
    there.fail(refund)
    told = hear(stripe, there.event(kind, refund))
    assert told is not None
    assert (told.outcome, told.reference, told.reason) == ("return_failed", "refund:7:1", "expired_or_canceled_card")
    by_hand = {**refund, "metadata": {}}
    assert hear(stripe, there.event(kind, by_hand)) is None


def test_what_does_not_concern_us_says_nothing(stripe: StripeProvider, there: StandIn, settings: Settings) -> None:
    page = paid_page(stripe, there)
    for about in (None, {}, {"subject": "invoice:12"}):
        assert hear(stripe, there.event("checkout.session.completed", {**page, "metadata": about})) is None
    assert hear(stripe, there.event("customer.created", {"id": "cus_1", "object": "customer"})) is None
    other_shop = StripeProvider(replace(settings, secret_key="another installation on the same account"))
    assert hear(other_shop, there.event("checkout.session.completed", page)) is None


def test_what_stripe_would_not_say_is_not_recognised(stripe: StripeProvider, there: StandIn) -> None:
    body = there.event("checkout.session.completed", paid_page(stripe, there))
    header = signed(body)["Stripe-Signature"]
    stamp = header.split(",", maxsplit=1)[0]
    odd_headers = ("", "x", "t=x,v1=y", "v1=é", f"{stamp},v1=é", f"{stamp},v0={header[-64:]}", "t=" + "9" * 5000)
    wrong = [
        *((body, odd) for odd in odd_headers),
        (body.replace(b"invoice:12", b"invoice:13"), header),
        (body, signed(body, secret="whsec_of_somebody")["Stripe-Signature"]),
        (body, signed(body, at=time.time() - 301)["Stripe-Signature"]),
        *((odd, signed(odd)["Stripe-Signature"]) for odd in (b"", b"{", b"[1]", b"\xff", b'{"object": "list"}')),
    ]
    for sent, signature in wrong:
        with pytest.raises(NotRecognised):
            stripe.recognise(Told(body=sent, signature=signature), datetime.now(UTC))


def test_money_goes_back_once_however_often_it_is_asked(stripe: StripeProvider, there: StandIn) -> None:
    page = paid_page(stripe, there)
    there.hangs_up = True
    for _ in range(2):
        with pytest.raises(Exception, match="communicating with Stripe"):
            stripe.give_back(money(page))
    there.hangs_up = False
    there.asked.clear()
    assert stripe.give_back(money(page)) == stripe.give_back(money(page)) == there.refunds[0]["id"]
    there._answered.clear()  # noqa: SLF001 a day later Stripe has forgotten the key
    stripe.give_back(money(page))
    assert [(each["amount"], each["metadata"]["key"]) for each in there.refunds] == [(400, "refund:7:1")]
    stripe.give_back(money(page, 600, "refund:8:1"))
    assert [each["amount"] for each in there.refunds] == [400, 600]


@pytest.mark.parametrize("trouble", [BROKEN, BUSY])
def test_a_return_that_may_go_well_later_is_no_refusal(
    stripe: StripeProvider, there: StandIn, trouble: Refusal
) -> None:
    page, there.refuses = paid_page(stripe, there), trouble
    with pytest.raises(Exception, match=str(trouble)) as raised:
        stripe.give_back(money(page))
    assert not isinstance(raised.value, ReturnRefused)


def test_a_return_that_stripe_will_not_make_is_refused_in_its_words(stripe: StripeProvider, there: StandIn) -> None:
    page = paid_page(stripe, there)
    with pytest.raises(ReturnRefused, match="greater than unrefunded"):
        stripe.give_back(money(page, 1001))
    with pytest.raises(ReturnRefused, match="No such payment_intent"):
        stripe.give_back(Money("refund:7:1", "invoice:12", "pi_unknown", 400))
    there.refund_status = "failed"
    with pytest.raises(ReturnRefused, match="failed"):
        stripe.give_back(money(page))
