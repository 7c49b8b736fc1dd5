"""What Prometheus learns of codes."""

import pytest
from prometheus_client import REGISTRY

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.discounts.service import Item
from app.kit.db import unit_of_work
from tests import make

pytestmark = pytest.mark.usefixtures("app")

ADA = Person("Ada")


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"kind": "discount", **labels}) or 0


def test_refusals_are_counted_by_their_reason_and_uses_when_they_are_sure() -> None:
    make.discount(code="TEN")
    unknown, uses = (
        figure("laurel_promotion_refusals_total", reason="not_found"),
        figure("laurel_promotion_uses_total"),
    )
    judged = figure("laurel_promotion_seconds_count")

    discounts.quote("NOPE", items=[Item(1_000, 1, None)], person=ADA, now=make.NOW)
    quote = discounts.quote("TEN", items=[Item(1_000, 1, None)], person=ADA, now=make.NOW)
    with pytest.raises(ZeroDivisionError), unit_of_work():
        discounts.redeem(quote, person=ADA, invoice_id=1, now=make.NOW)
        _ = 1 / 0
    assert figure("laurel_promotion_uses_total") == uses
    with unit_of_work():
        discounts.redeem(quote, person=ADA, invoice_id=1, now=make.NOW)

    assert figure("laurel_promotion_uses_total") == uses + 1
    assert figure("laurel_promotion_refusals_total", reason="not_found") == unknown + 1
    assert figure("laurel_promotion_seconds_count") == judged + 2
