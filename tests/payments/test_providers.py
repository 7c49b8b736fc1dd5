"""What the providers say, and how they are understood."""

import pytest

from app.errors import NotFound
from app.payments import service as payments
from app.payments.providers import NotRecognised, Payable
from tests.make_kit import NOW

ORDER = Payable("invoice:12", "2026-000012", 1000)


def test_the_manual_provider_leads_nowhere_and_knows_only_paid() -> None:
    manual = payments.provider("manual")
    assert manual.start(ORDER) is None
    assert manual.recognise({"outcome": "paid"}, ORDER, NOW).event_id == "confirmed:invoice:12"
    with pytest.raises(NotRecognised):
        manual.recognise({"outcome": "declined"}, ORDER, NOW)


def test_the_test_provider_leads_to_its_page_and_is_paid_once_but_declined_often() -> None:
    test = payments.provider("test")
    assert test.start(ORDER) == "/store/payments/test/2026-000012"
    paid = [test.recognise({"outcome": "pay"}, ORDER, NOW).event_id for _ in range(2)]
    declined = [test.recognise({"outcome": "decline"}, ORDER, NOW).event_id for _ in range(2)]
    assert paid[0] == paid[1]
    assert declined[0] != declined[1]
    with pytest.raises(NotRecognised):
        test.recognise({}, ORDER, NOW)


def test_there_are_no_other_providers() -> None:
    with pytest.raises(NotFound):
        payments.provider("barter")
