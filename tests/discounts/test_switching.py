"""Who switched a code on or off, and what opens it again."""

from datetime import timedelta
from typing import Any

import pytest

from app.cart import service as carts
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.kit.db import unit_of_work
from app.promotions import archiving, editing, jobs, listing
from app.promotions.errors import CannotOpen
from app.promotions.models import Promotion
from tests import make

pytestmark = pytest.mark.usefixtures("app")

DAY = timedelta(days=1)


def fresh(made: Discount) -> Promotion:
    return listing.one(made.id).promotion


def change(made: Discount, **fields: Any) -> None:
    with unit_of_work():
        discounts.update(made.id, fields, actor=make.SYSTEM, now=make.NOW)


def give_back(invoice_id: int) -> None:
    with unit_of_work():
        discounts.give_back(invoice_id, make.NOW)


def test_who_says_off_means_it_even_where_the_system_was_faster() -> None:
    used_up, over = make.discount(code="LAST", usage_limit=1), make.discount(ends_at=make.NOW)
    invoice_id = make.use("LAST")
    jobs.close_ended(make.NOW)
    change(used_up, is_active=False, usage_limit=10)
    change(over, is_active=False, ends_at=make.NOW + DAY)
    give_back(invoice_id)
    for made in (used_up, over):
        assert (fresh(made).is_active, fresh(made).deactivated_by) == (False, "person")
        assert fresh(made).status(make.NOW) == "inactive"


def test_that_a_person_keeps_it_closed_is_written_down_as_a_change() -> None:
    made = make.discount(code="LAST", usage_limit=1)
    invoice_id = make.use("LAST")
    version = fresh(made).version
    change(made, is_active=False)
    newest = editing.history(made.id)[0]
    assert (newest.before, newest.after) == (
        {"deactivated_by": "system", "version": version},
        {"deactivated_by": "person", "version": version + 1},
    )
    give_back(invoice_id)
    assert not fresh(made).is_active


def test_what_is_over_is_not_switched_on_whether_or_not_the_upkeep_has_come_by() -> None:
    made = make.discount(ends_at=make.NOW)
    for _before_and_after in range(2):
        with pytest.raises(CannotOpen):
            change(made, is_active=True)
        jobs.close_ended(make.NOW)
    change(made, is_active=True, ends_at=make.NOW + DAY)
    assert fresh(made).status(make.NOW) == "active"


def test_a_limit_below_what_is_used_is_no_error_for_one_that_is_on() -> None:
    made = make.discount(code="MANY", usage_limit=9)
    for _ in range(3):
        make.use("MANY")
    change(made, is_active=True, usage_limit=2)
    assert fresh(made).status(make.NOW) == "exhausted"


def test_a_use_given_back_does_not_open_what_is_archived() -> None:
    made = make.discount(code="LAST", usage_limit=1)
    invoice_id = make.use("LAST")
    with unit_of_work():
        archiving.archive(made.id, actor=make.SYSTEM, now=make.NOW)
    version = fresh(made).version
    give_back(invoice_id)
    assert (fresh(made).is_active, fresh(made).used_count, fresh(made).version) == (False, 0, version)


def test_a_code_in_somebodys_cart_is_archived_not_deleted() -> None:
    made, product = make.discount(code="TEN"), make.product()
    with unit_of_work():
        cart = carts.of(None, "visit", make.NOW)
        carts.add(cart, product.id, 1, make.NOW)
        carts.apply_code(cart, "TEN", person=None, now=make.NOW)
    with unit_of_work():
        assert not discounts.remove(made.id, make.SYSTEM, make.NOW)
    view = carts.view(carts.find(None, "visit"), None, make.NOW)
    assert view.refusal is not None
    assert (view.refusal.code, view.total_cents) == ("not_found", 2000)


def test_hours_that_are_not_named_stay_as_they_are() -> None:
    hours = {"enabled": True, "start_time": "06:00", "end_time": "09:00", "timezone": "Asia/Bangkok", "weekdays": [1]}
    made = make.discount(active_hours=hours)
    change(made, active_hours={"end_time": "10:00"})
    assert fresh(made).active_hours == {**hours, "end_time": "10:00"}
    change(made, active_hours=None)
    assert fresh(made).active_hours == {
        "enabled": False,
        "start_time": "00:00",
        "end_time": "23:59",
        "timezone": "UTC",
        "weekdays": [],
    }
