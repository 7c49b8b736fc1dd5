from datetime import timedelta

import pytest

from app.discounts import service as discounts
from app.kit.db import unit_of_work
from app.promotions import editing, jobs, listing
from app.promotions.models import Promotion
from tests import make

pytestmark = pytest.mark.usefixtures("app")

DAY = timedelta(days=1)


def fresh(promotion_id: int) -> Promotion:
    return listing.one(promotion_id).promotion


def test_what_has_ended_is_switched_off_by_the_system_and_nothing_else_is() -> None:
    ended, open_still = make.discount(ends_at=make.NOW), make.discount(ends_at=make.NOW + DAY)
    jobs.close_ended(make.NOW)
    jobs.close_ended(make.NOW)
    assert (fresh(ended.id).is_active, fresh(ended.id).deactivated_by) == (False, "system")
    assert fresh(ended.id).status(make.NOW) == "expired"
    assert fresh(open_still.id).is_active
    assert [entry.action for entry in editing.history(ended.id)] == ["promotion.ended", "promotion.created"]


def test_a_later_end_opens_what_the_system_closed_but_not_what_a_person_did() -> None:
    by_system, by_person = make.discount(ends_at=make.NOW), make.discount(ends_at=make.NOW)
    with unit_of_work():
        discounts.update(by_person.id, {"is_active": False}, actor=make.SYSTEM, now=make.NOW)
    jobs.close_ended(make.NOW)
    for each in (by_system, by_person):
        with unit_of_work():
            discounts.update(each.id, {"ends_at": make.NOW + DAY}, actor=make.SYSTEM, now=make.NOW)
    assert (fresh(by_system.id).is_active, fresh(by_person.id).is_active) == (True, False)
