from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.audit.service import Actor
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.errors import NotFound, ValidationFailed
from app.kit.db import db, unit_of_work
from app.promotions import editing, listing
from app.promotions.errors import Archived, CannotOpen, DuplicateCode, Stale
from app.promotions.models import Promotion, PromotionCode
from app.promotions.rules import STATUSES
from tests import make
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("app")

DAY = timedelta(days=1)
NAIVE = make.NOW.replace(tzinfo=None)
WHOLE: dict[str, Any] = {
    "title": "Design week",
    "description": "<p>All <strong>design</strong></p>",
    "code": "DESIGN-20",
    "discount_type": "percentage",
    "discount_value": 12.5,
    "max_discount": 40,
    "min_amount": 9.99,
    "usage_limit": 100,
    "per_user_limit": 2,
    "starts_at": make.NOW,
    "ends_at": make.NOW + DAY,
    "is_active": False,
    "applicable_categories": ["design", "light"],
    "excluded_categories": ["sale"],
    "first_order_only": True,
    "requires_account": True,
    "is_public": True,
    "active_hours": {
        "enabled": True,
        "start_time": "22:00",
        "end_time": "02:00",
        "timezone": "Europe/Riga",
        "weekdays": [5, 6],
    },
    "auto_deactivate_on_max_uses": False,
    "release_on_refund": False,
    "display_order": 3,
    "image": "spring.webp",
    "terms_and_conditions": "<p>Not on sale items</p>",
}


def changed(discount: Discount, now: datetime = make.NOW, actor: Actor = make.SYSTEM, **fields: Any) -> Discount:
    version = fields.pop("version", None)
    with unit_of_work():
        return discounts.update(discount.id, fields, version=version, actor=actor, now=now)


def code_of(discount: Discount) -> str:
    return str(discounts.fields_of(discount)["code"])


def wrong(**fields: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationFailed) as refused:
        make.discount(**fields)
    return refused.value.fields


def test_every_field_is_kept_as_it_was_given() -> None:
    made = make.discount(**WHOLE)
    assert discounts.fields_of(discounts.get(made.id)) == WHOLE


def test_what_is_not_said_is_the_default() -> None:
    with unit_of_work():
        made = discounts.create(
            {"title": "Five", "code": " five ", "discount_type": "fixed", "discount_value": Decimal("5.00")},
            make.SYSTEM,
            make.NOW,
        )
    fields = discounts.fields_of(made)
    assert {name: value for name, value in fields.items() if value not in (None, "", [], False, 0)} == {
        "title": "Five",
        "code": "FIVE",
        "discount_type": "fixed",
        "discount_value": 5,
        "is_active": True,
        "auto_deactivate_on_max_uses": True,
        "release_on_refund": True,
        "active_hours": {
            "enabled": False,
            "start_time": "00:00",
            "end_time": "23:59",
            "timezone": "UTC",
            "weekdays": [],
        },
    }


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 129}, "title"),
        ({"title": None}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "half \ud83d"}, "title"),
        ({"code": "AB"}, "code"),
        ({"code": "X" * 33}, "code"),
        ({"code": "SAVE 20"}, "code"),
        ({"code": "ÉTÉ"}, "code"),
        ({"code": None}, "code"),
        ({"discount_type": "half"}, "discount_type"),
        ({"discount_type": ["fixed"]}, "discount_type"),
        ({"discount_value": 0}, "discount_value"),
        ({"discount_value": -1}, "discount_value"),
        ({"discount_value": 100.01}, "discount_value"),
        ({"discount_value": "12.345"}, "discount_value"),
        ({"discount_value": float("nan")}, "discount_value"),
        ({"discount_value": float("inf")}, "discount_value"),
        ({"discount_value": "1e1"}, "discount_value"),
        ({"discount_value": "\u0661\u0662"}, "discount_value"),
        ({"discount_value": True}, "discount_value"),
        ({"discount_value": None}, "discount_value"),
        ({"discount_type": "fixed", "discount_value": "100000000"}, "discount_value"),
        ({"discount_type": "fixed", "discount_value": 10**400}, "discount_value"),
        ({"min_amount": -0.01}, "min_amount"),
        ({"max_discount": "lots"}, "max_discount"),
        ({"usage_limit": 0}, "usage_limit"),
        ({"usage_limit": 1.5}, "usage_limit"),
        ({"usage_limit": 2**63}, "usage_limit"),
        ({"usage_limit": 10**5000}, "usage_limit"),
        ({"usage_limit": 1e300}, "usage_limit"),
        ({"per_user_limit": -3}, "per_user_limit"),
        ({"display_order": 1_000_001}, "display_order"),
        ({"display_order": -1_000_001}, "display_order"),
        ({"is_active": "yes"}, "is_active"),
        ({"starts_at": NAIVE}, "starts_at"),
        ({"starts_at": "2026-01-01"}, "starts_at"),
        ({"ends_at": datetime.max.replace(tzinfo=make.NOW.tzinfo)}, "ends_at"),
        ({"starts_at": make.NOW, "ends_at": make.NOW}, "ends_at"),
        ({"applicable_categories": "design"}, "applicable_categories"),
        ({"applicable_categories": [3]}, "applicable_categories"),
        ({"excluded_categories": [""]}, "excluded_categories"),
        ({"active_hours": "always"}, "active_hours"),
        ({"active_hours": {"timezone": "Mars/Olympus"}}, "active_hours.timezone"),
        ({"active_hours": {"start_time": "25:00"}}, "active_hours.start_time"),
        ({"active_hours": {"weekdays": [9]}}, "active_hours.weekdays"),
        ({"active_hours": {"enabled": 1}}, "active_hours.enabled"),
        ({"active_hours": {"from": "06:00"}}, "active_hours.from"),
        ({"uses": 3}, "uses"),
    ],
)
def test_a_field_that_is_wrong_is_told_by_its_name(fields: dict[str, Any], where: str) -> None:
    assert list(wrong(**fields)) == [where]
    assert db.session.scalar(select(func.count()).select_from(Promotion)) == 0


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ValidationFailed) as refused, unit_of_work():
        discounts.create({"usage_limit": 0}, make.SYSTEM, make.NOW)
    assert set(refused.value.fields) == {"title", "code", "discount_type", "discount_value", "usage_limit"}


def test_rich_text_is_cleaned() -> None:
    made = make.discount(description="<p onclick=x>Hi<script>alert(1)</script></p>")
    assert discounts.get(made.id).promotion.description == "<p>Hi</p>"


def test_a_code_is_taken_whatever_its_case() -> None:
    make.discount(code="SAVE20")
    other = make.discount(code="OTHER")
    with pytest.raises(DuplicateCode) as refused:
        make.discount(code=" save20")
    assert (refused.value.status, refused.value.code, list(refused.value.fields)) == (409, "duplicate_code", ["code"])
    with pytest.raises(DuplicateCode):
        changed(other, code="Save20")
    assert sorted(db.session.scalars(select(PromotionCode.code))) == ["OTHER", "SAVE20"]


def test_a_change_names_what_it_changes_and_leaves_the_rest() -> None:
    made = make.discount(**WHOLE)
    changed(made, title="Design month", max_discount=None, code="design-month")
    expected = WHOLE | {"title": "Design month", "max_discount": None, "code": "DESIGN-MONTH"}
    assert discounts.fields_of(discounts.get(made.id)) == expected
    assert discounts.get(made.id).promotion.version == 2


def test_a_change_is_checked_against_what_stays() -> None:
    made = make.discount(discount_type="fixed", discount_value=500, starts_at=make.NOW)
    early: dict[str, Any] = {"ends_at": make.NOW - DAY}
    for fields, where in (({"discount_type": "percentage"}, "discount_value"), (early, "ends_at")):
        with pytest.raises(ValidationFailed) as refused:
            changed(made, **fields)
        assert list(refused.value.fields) == [where]


def test_a_change_of_nothing_writes_nothing() -> None:
    made = make.discount(**WHOLE)
    changed(made, **WHOLE)
    assert discounts.get(made.id).promotion.version == 1
    assert [entry.action for entry in editing.history(made.id)] == ["promotion.created"]


def test_the_second_of_two_editors_is_told_who_changed_what() -> None:
    made = make.discount(title="Mine")
    root = make.user(role="admin", username="root")
    changed(made, title="Theirs", usage_limit=5, version=1, actor=Actor(root.id, "root"))
    with pytest.raises(Stale) as refused:
        changed(made, title="Mine again", version=1)
    assert refused.value.facts == {"changed_by": ["root"], "changed": ["title", "usage_limit"], "version": 2}
    assert str(refused.value.message).startswith("root changed this in the meantime (title, usage_limit).")
    assert (refused.value.code, refused.value.status) == ("conflict", 409)
    assert discounts.get(made.id).promotion.title == "Theirs"


def test_the_history_tells_before_and_after_of_what_changed() -> None:
    made = make.discount(min_amount=10)
    changed(made, min_amount=12.5)
    newest = editing.history(made.id)[0]
    assert (newest.before, newest.after) == ({"min_amount": 10, "version": 1}, {"min_amount": 12.5, "version": 2})


@pytest.mark.parametrize(
    ("terms", "field", "cure"),
    [
        ({"ends_at": make.NOW - DAY}, "ends_at", {"ends_at": make.NOW + DAY}),
        ({"ends_at": make.NOW - DAY}, "ends_at", {"ends_at": None}),
    ],
)
def test_switching_on_what_has_ended_is_refused_until_its_end_is_later(
    terms: dict[str, Any], field: str, cure: dict[str, Any]
) -> None:
    made = make.discount(is_active=False, **terms)
    with pytest.raises(CannotOpen) as refused:
        changed(made, is_active=True)
    assert (refused.value.status, list(refused.value.fields)) == (409, [field])
    assert changed(made, is_active=True, **cure).promotion.status(make.NOW) == "active"


def test_switching_on_what_is_used_up_is_refused_and_a_higher_limit_opens_it() -> None:
    made = make.discount(code="TEN", usage_limit=1)
    make.use("TEN")
    with pytest.raises(CannotOpen) as refused:
        changed(made, is_active=True)
    assert list(refused.value.fields) == ["usage_limit"]
    opened = changed(made, usage_limit=2).promotion
    assert (opened.is_active, opened.auto_deactivated_at, opened.deactivated_by) == (True, None, None)


def test_a_higher_limit_does_not_open_what_a_person_closed() -> None:
    made = make.discount(code="TEN", usage_limit=2)
    make.use("TEN")
    changed(made, is_active=False)
    assert changed(made, usage_limit=9).promotion.status(make.NOW) == "inactive"


def test_what_was_never_used_is_deleted_and_what_was_is_archived() -> None:
    unused, used = make.discount(code="UNUSED"), make.discount(code="USED")
    make.use("USED")
    with unit_of_work():
        assert discounts.remove(unused.id, make.SYSTEM, make.NOW) is True
        assert discounts.remove(used.id, make.SYSTEM, make.NOW) is False
    with pytest.raises(NotFound):
        discounts.get(unused.id)
    assert discounts.get(used.id).promotion.status(make.NOW) == "archived"
    with pytest.raises(Archived):
        changed(used, title="Again")
    with pytest.raises(DuplicateCode):
        make.discount(code="USED")
    make.discount(code="UNUSED")
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[2:4] == ["promotion.deleted", "promotion.archived"]


def test_the_list_is_found_by_code_title_and_status() -> None:
    make.discount(code="SPRING", title="Warm 100% days", display_order=2)
    make.discount(code="AUTUMN", title="Cold days", display_order=1)
    make.discount(code="WINTER", title="Ended", ends_at=make.NOW)
    make.discount(code="SUMMER", title="Soon", starts_at=make.NOW + DAY)
    make.discount(code="PAUSED", is_active=False)

    def codes(**filters: Any) -> list[str]:
        return [code_of(row) for row in discounts.listing(now=make.NOW, **filters).items]

    assert codes() == ["PAUSED", "SUMMER", "WINTER", "AUTUMN", "SPRING"]
    assert codes(search=" spri") == ["SPRING"]
    assert codes(search="DAYS") == ["AUTUMN", "SPRING"]
    assert codes(search="100% d") == ["SPRING"]
    assert codes(search="%") == ["SPRING"]
    assert codes(search="\x00") == codes()
    assert codes(status="active") == ["AUTUMN", "SPRING"]
    assert (codes(status="expired"), codes(status="scheduled")) == (["WINTER"], ["SUMMER"])
    assert codes(is_active=False) == ["PAUSED"]
    page = discounts.listing(now=make.NOW, number=2, size=2)
    assert (len(page.items), page.total, page.pages) == (2, 5, 3)


def test_the_status_asked_of_the_database_is_the_status_told() -> None:
    for limit in (None, 1):
        for auto in (True, False):
            for window in ({}, {"starts_at": make.NOW + DAY}, {"ends_at": make.NOW}, {"ends_at": make.NOW + DAY}):
                make.discount(usage_limit=limit, auto_deactivate_on_max_uses=auto, **window)
                make.discount(is_active=False, usage_limit=limit, **window)
    for made in discounts.listing(now=make.NOW, size=100).items:
        quote = discounts.quote(code_of(made), items=[discounts.Item(1, 1)], person=None, now=make.NOW)
        if quote.refusal is None and made.id % 3:
            make.use(quote.code)
    told: dict[str, set[int]] = {status: set() for status in STATUSES}
    for promotion in db.session.scalars(select(Promotion).execution_options(populate_existing=True)):
        told[promotion.status(make.NOW)].add(promotion.id)
    for status, ids in told.items():
        assert set(db.session.scalars(select(Promotion.id).where(listing.having(status, make.NOW)))) == ids, status
    assert {status for status, ids in told.items() if ids} == set(STATUSES) - {"archived"}


def test_a_list_takes_two_statements_whatever_its_length() -> None:
    for _ in range(5):
        make.discount()
    with count_statements() as sent:
        discounts.listing(now=make.NOW)
    assert len(sent) == 2, sent


def test_the_number_of_a_deleted_code_never_comes_again() -> None:
    gone = make.discount(code="FIRST")
    with unit_of_work():
        assert discounts.remove(gone.id, make.SYSTEM, make.NOW)
    assert make.discount(code="SECOND").id > gone.id
