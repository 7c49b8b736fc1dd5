"""What the providers say, and how they are understood."""

import pytest

from app.errors import NotFound
from app.payments import service as payments
from app.payments.manual import ManualProvider
from app.payments.providers import Back, Money, NotRecognised, Payable, ReturnRefused, Told
from app.payments.test import TestProvider
from tests.make_kit import NOW

ORDER = Payable("invoice:12", "2026-000012", 1000)
MONEY = Money("refund:7:1", "invoice:12", "paid:invoice:12", 500)


def test_the_manual_provider_leads_nowhere_knows_only_paid_and_sends_nothing() -> None:
    manual = ManualProvider()
    assert manual.start(ORDER, back=Back(), pay_by=NOW, now=NOW) is None
    assert manual.recognise(Told({"outcome": "paid"}, ORDER), NOW).event_id == "confirmed:invoice:12"
    with pytest.raises(NotRecognised):
        manual.recognise(Told({"outcome": "declined"}, ORDER), NOW)
    with pytest.raises(ReturnRefused):
        manual.give_back(MONEY)


def test_the_test_provider_leads_to_its_page_and_is_paid_once_but_declined_often() -> None:
    test = TestProvider()
    started = test.start(ORDER, back=Back(), pay_by=NOW, now=NOW)
    assert started is not None
    assert started.url == "/store/payments/test/2026-000012"
    paid = [test.recognise(Told({"outcome": "pay"}, ORDER), NOW) for _ in range(2)]
    declined = [test.recognise(Told({"outcome": "decline"}, ORDER), NOW) for _ in range(2)]
    assert paid[0] == paid[1]
    assert (paid[0].subject, paid[0].amount_cents) == ("invoice:12", 1000)
    assert declined[0].event_id != declined[1].event_id
    with pytest.raises(NotRecognised):
        test.recognise(Told({}, ORDER), NOW)
    assert test.give_back(MONEY) == test.give_back(MONEY)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", ["barter", "stripe"])
def test_there_are_no_providers_but_those_that_have_their_keys(name: str) -> None:
    assert payments.provider("manual").by_hand
    with pytest.raises(NotFound):
        payments.provider(name)
