"""What is over is archived with a snapshot, and stays as it is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.discounts import service as discounts
from app.kit.db import db, unit_of_work
from app.promotions import archiving, editing, jobs, kinds, listing
from app.promotions.errors import ActiveClaims, Archived, NotStarted
from app.promotions.models import ArchivedPromotion, Promotion, PromotionUse
from tests import make

pytestmark = pytest.mark.usefixtures("app")

DAY = timedelta(days=1)
LONG = timedelta(days=90)


def fresh(promotion_id: int) -> Promotion:
    return listing.one(promotion_id).promotion


def snapshot(promotion_id: int) -> dict[str, object]:
    kept = db.session.get(ArchivedPromotion, promotion_id)
    assert kept is not None
    return kept.snapshot


def archived(promotion_id: int) -> None:
    with unit_of_work():
        archiving.archive(promotion_id, actor=make.SYSTEM, now=make.NOW)


def expired(promotion_id: int) -> None:
    with unit_of_work():
        archiving.expire(promotion_id, actor=make.SYSTEM, now=make.NOW)


def test_what_ended_more_than_ninety_days_ago_is_archived_and_nothing_else_is() -> None:
    over, not_yet = make.discount(ends_at=make.NOW - LONG - DAY), make.discount(ends_at=make.NOW - LONG)
    endless = make.discount()
    jobs.archive_old(make.NOW)
    jobs.archive_old(make.NOW)
    assert [fresh(each).archived_at for each in (over.id, not_yet.id, endless.id)] == [make.NOW, None, None]
    assert [entry.action for entry in editing.history(over.id)] == ["promotion.archived", "promotion.created"]
    assert len(db.session.scalars(select(ArchivedPromotion)).all()) == 1


def test_the_archive_keeps_the_whole_promotion_and_what_it_came_to() -> None:
    made = make.discount(code="TEN", title="Ten off", min_amount=12.5, usage_limit=9)
    make.use("TEN")
    make.use("TEN")
    archived(made.id)
    kept = snapshot(made.id)
    assert {name: kept[name] for name in ("kind", "status", "code", "title", "min_amount", "usage_limit", "uses")} == {
        "kind": "discount",
        "status": "active",
        "code": "TEN",
        "title": "Ten off",
        "min_amount": 12.5,
        "usage_limit": 9,
        "uses": 2,
    }
    assert (kept["people"], kept["value_cents"]) == (2, 400)
    assert len(db.session.scalars(select(PromotionUse)).all()) == 2
    with pytest.raises(Archived):
        archived(made.id)
    quote = discounts.quote("TEN", items=[discounts.Item(2000, 1)], person=None, now=make.NOW)
    assert quote.refusal is not None
    assert quote.refusal.code == "not_found"


def test_one_that_was_given_a_later_end_meanwhile_stays() -> None:
    made = make.discount(ends_at=make.NOW - LONG - DAY)
    assert list(archiving.long_over(make.NOW)) == [made.id]
    with unit_of_work():
        discounts.update(made.id, {"ends_at": make.NOW + DAY}, actor=make.SYSTEM, now=make.NOW)
    with unit_of_work():
        assert not archiving.archive_if_long_over(made.id, make.NOW)
    assert fresh(made.id).status(make.NOW) == "active"


def test_while_something_runs_on_it_nothing_is_archived(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make.discount(ends_at=make.NOW - LONG - DAY)
    monkeypatch.setitem(kinds._KINDS, "discount", replace(kinds.named("discount"), has_active=lambda _id: True))  # noqa: SLF001
    jobs.archive_old(make.NOW)
    with pytest.raises(ActiveClaims):
        archived(made.id)
    assert fresh(made.id).archived_at is None


def test_expiring_ends_it_now_and_a_later_end_opens_it_again() -> None:
    made = make.discount(ends_at=make.NOW + DAY)
    expired(made.id)
    expired(made.id)
    assert (fresh(made.id).ends_at, fresh(made.id).status(make.NOW)) == (make.NOW, "expired")
    assert [entry.action for entry in editing.history(made.id)] == ["promotion.expired", "promotion.created"]
    with unit_of_work():
        discounts.update(made.id, {"ends_at": None}, actor=make.SYSTEM, now=make.NOW)
    assert fresh(made.id).status(make.NOW) == "active"


def test_what_a_person_switched_off_stays_off_after_expiring() -> None:
    made = make.discount(is_active=False)
    expired(made.id)
    with unit_of_work():
        discounts.update(made.id, {"ends_at": None}, actor=make.SYSTEM, now=make.NOW)
    assert fresh(made.id).status(make.NOW) == "inactive"


def test_what_has_not_started_cannot_end() -> None:
    made = make.discount(starts_at=make.NOW + DAY)
    with pytest.raises(NotStarted):
        expired(made.id)
