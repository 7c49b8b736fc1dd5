from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.persons import Person
from app.audit.models import AuditEntry
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.discounts.service import CodeRefused
from app.kit.db import db, unit_of_work
from app.promotions import service as promotions
from app.promotions.models import Promotion, PromotionCode, PromotionUse
from tests import make
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("app")

ADA, BOB = Person("Ada"), Person("Bob", 5)
DAY = timedelta(days=1)


def uses() -> list[tuple[str, int, int, bool]]:
    rows = db.session.scalars(select(PromotionUse).order_by(PromotionUse.id).execution_options(populate_existing=True))
    return [(use.person, use.slot, use.ordinal, use.released_at is None) for use in rows]


def fresh(discount: Discount) -> Promotion:
    return discounts.get(discount.id).promotion


def counts(discount: Discount) -> tuple[int, int]:
    """The counters of the promotion and of its code."""
    code = db.session.scalars(select(PromotionCode).where(PromotionCode.promotion_id == discount.id)).one()
    db.session.refresh(code)
    return fresh(discount).used_count, code.used_count


def given_back(invoice_id: int, **more: Any) -> None:
    with unit_of_work():
        discounts.give_back(invoice_id, make.NOW, **more)


def system_audit() -> list[str]:
    rows = db.session.scalars(select(AuditEntry).where(AuditEntry.actor_label == "system").order_by(AuditEntry.id))
    return [row.action for row in rows if row.action != "promotion.created"]


def test_a_use_says_for_whom_for_what_and_under_which_limits() -> None:
    made = make.discount(code="TEN", usage_limit=3, per_user_limit=2)
    make.use("TEN", person=BOB, invoice_id=7)
    use = db.session.scalars(select(PromotionUse)).one()
    assert (use.promotion_id, use.person, use.purpose, use.value_cents) == (made.id, "user:5", "invoice:7", 200)
    assert (use.slot, use.ordinal, use.code_ordinal) == (1, 1, 1)
    assert (use.usage_limit, use.per_user_limit, use.code_usage_limit) == (3, 2, None)
    assert (use.taken_at, use.released_at) == (make.NOW, None)
    assert counts(made) == (1, 1)


def test_taking_the_last_use_switches_the_code_off_and_giving_it_back_on_again() -> None:
    made = make.discount(code="LAST", usage_limit=1)
    first = make.use("LAST", person=ADA)
    assert (fresh(made).status(make.NOW), fresh(made).auto_deactivated_at) == ("expired", make.NOW)
    with pytest.raises(CodeRefused) as refused:
        make.use("LAST", person=BOB)
    assert refused.value.code == "usage_limit_reached"
    given_back(first)
    assert (fresh(made).status(make.NOW), fresh(made).auto_deactivated_at) == ("active", None)
    make.use("LAST", person=BOB)
    assert uses() == [("name:ada", 1, 1, False), ("user:5", 1, 1, True)]
    assert system_audit() == ["promotion.used_up", "promotion.reopened", "promotion.used_up"]


def test_without_auto_deactivation_a_used_up_code_is_exhausted() -> None:
    made = make.discount(code="LAST", usage_limit=1, auto_deactivate_on_max_uses=False)
    make.use("LAST")
    assert (fresh(made).status(make.NOW), fresh(made).is_active, system_audit()) == ("exhausted", True, [])


def test_giving_back_happens_once() -> None:
    made = make.discount(code="TEN")
    invoice_id = make.use("TEN")
    make.use("TEN")
    given_back(invoice_id)
    given_back(invoice_id)
    given_back(12345)
    assert counts(made) == (1, 1)


def test_what_a_person_switched_off_stays_off_when_a_use_comes_back() -> None:
    made = make.discount(code="TEN", usage_limit=2)
    invoice_id = make.use("TEN")
    with unit_of_work():
        discounts.update(made.id, {"is_active": False}, actor=make.SYSTEM, now=make.NOW)
    given_back(invoice_id)
    assert fresh(made).status(make.NOW) == "inactive"


def test_a_use_that_comes_back_after_the_end_opens_nothing() -> None:
    made = make.discount(code="TEN", usage_limit=1, ends_at=make.NOW + DAY)
    invoice_id = make.use("TEN")
    with unit_of_work():
        discounts.give_back(invoice_id, make.NOW + DAY)
    assert (fresh(made).is_active, fresh(made).status(make.NOW + DAY)) == (False, "expired")
    with unit_of_work():
        discounts.update(made.id, {"ends_at": make.NOW + 3 * DAY}, actor=make.SYSTEM, now=make.NOW + DAY)
    assert fresh(made).status(make.NOW + DAY) == "active"


def test_slots_stay_one_to_n_so_that_a_lower_limit_counts_right() -> None:
    made = make.discount(code="TEN")
    first, *_others = [make.use("TEN", person=ADA) for _ in range(4)]
    given_back(first)
    assert sorted(slot for _person, slot, _ordinal, is_live in uses() if is_live) == [1, 2, 3]
    with unit_of_work():
        discounts.update(made.id, {"per_user_limit": 3}, actor=make.SYSTEM, now=make.NOW)
    with pytest.raises(CodeRefused) as refused:
        make.use("TEN", person=ADA)
    assert refused.value.code == "user_limit_reached"


def test_a_refund_gives_back_only_where_the_promotion_says_so() -> None:
    kept = make.discount(code="KEPT", release_on_refund=False)
    loose = make.discount(code="LOOSE")
    for code, invoice_id in (("KEPT", 1), ("LOOSE", 2)):
        make.use(code, invoice_id=invoice_id)
        given_back(invoice_id, is_refund=True)
    assert (counts(kept), counts(loose)) == ((1, 1), (0, 0))


def test_a_code_of_a_batch_has_a_limit_of_its_own() -> None:
    made = make.batch(count=2)
    code, other = db.session.scalars(select(PromotionCode).order_by(PromotionCode.id))
    invoice_id = make.use(code.code)
    db.session.refresh(code)
    assert (code.used_count, code.auto_deactivated_at) == (1, make.NOW)
    assert fresh(made).status(make.NOW) == "active"
    assert system_audit() == ["promotion.codes_ordered", "promotion.code_used_up"]
    with pytest.raises(CodeRefused) as refused:
        make.use(code.code)
    make.use(other.code)
    assert refused.value.code == "usage_limit_reached"
    given_back(invoice_id)
    db.session.refresh(code)
    assert (code.used_count, code.auto_deactivated_at) == (0, None)


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [({"is_active": False}, "inactive"), ({"usage_limit": 1}, "usage_limit_reached")],
)
def test_what_was_quoted_is_refused_when_it_changed_in_between(meanwhile: dict[str, Any], reason: str) -> None:
    made = make.discount(code="TEN")
    make.use("TEN")
    quote = discounts.quote("TEN", items=[discounts.Item(2000, 1)], person=ADA, now=make.NOW)
    with unit_of_work():
        discounts.update(made.id, meanwhile, actor=make.SYSTEM, now=make.NOW)
    with pytest.raises(CodeRefused) as refused, unit_of_work():
        discounts.redeem(quote, person=ADA, invoice_id=1, now=make.NOW)
    assert refused.value.code == reason
    assert counts(made) == (1, 1)


def test_a_limit_may_be_set_below_what_is_used() -> None:
    made = make.discount(code="TEN", usage_limit=5)
    taken = [make.use("TEN") for _ in range(3)]
    with unit_of_work():
        discounts.update(made.id, {"usage_limit": 2}, actor=make.SYSTEM, now=make.NOW)
    assert fresh(made).status(make.NOW) == "exhausted"
    for invoice_id in taken[:2]:
        given_back(invoice_id)
    assert (fresh(made).status(make.NOW), counts(made)) == ("active", (1, 1))


def test_only_a_limit_on_all_makes_a_code_scarce() -> None:
    make.discount(code="FREE", per_user_limit=1)
    make.discount(code="SCARCE", usage_limit=9)
    ids = {row.code: row.id for row in db.session.scalars(select(PromotionCode))}
    assert (discounts.is_limited(ids["FREE"]), discounts.is_limited(ids["SCARCE"])) == (False, True)


def test_redeeming_takes_three_statements() -> None:
    make.discount(code="TEN", usage_limit=9, per_user_limit=2)
    quote = discounts.quote("TEN", items=[discounts.Item(2000, 1)], person=ADA, now=make.NOW)
    with count_statements() as sent, unit_of_work():
        discounts.redeem(quote, person=ADA, invoice_id=1, now=make.NOW)
    assert len(sent) == 3, sent


def test_the_table_itself_refuses_a_use_beyond_a_limit() -> None:
    made = make.discount(code="TEN")
    make.use("TEN", person=ADA)
    use = db.session.scalars(select(PromotionUse)).one()
    for beyond in ({"usage_limit": 0}, {"per_user_limit": 0}, {"code_usage_limit": 0}):
        with pytest.raises(Exception, match=r"ck_promotion_uses_within"), unit_of_work():
            for column, value in beyond.items():
                setattr(use, column, value)
        db.session.refresh(use)
    assert promotions.give_back("invoice:none", make.NOW) == 0
    assert counts(made) == (1, 1)
