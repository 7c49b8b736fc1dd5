"""Every rule on both sides of its edge, asked over HTTP. The values were worked out by hand: docs/prices.md."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from time_machine import TimeMachineFixture

from app.discounts import service as discounts
from app.kit.db import unit_of_work
from app.orders import service as orders
from app.promotions.models import PromotionBatch, PromotionCode
from tests import make

NOW = make.NOW
MICROSECOND = timedelta(microseconds=1)
YES = "applies"
ON_SQLITE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # nothing in it is the database's
Facts = dict[str, Any]
PROMISED = {  # what programs may rely on; what else was compared may stand beside it
    "expired": {"endsAt"},
    "not_started": {"startsAt"},
    "outside_active_hours": {"opensAt", "timezone"},
    "category_mismatch": {"applicableCategories"},
    "min_amount_not_met": {"missing"},
    "not_eligible": {"which"},
}

pytestmark = pytest.mark.usefixtures("frozen")


def asked(client: FlaskClient, headers: Facts | None = None, code: str = "SAVE", **body: Any) -> tuple[str, Facts]:
    """The reason why it doesn't apply, or `applies`, and the facts that are promised."""
    answer = client.post("/api/promotions/validate", json={"code": code, **({"subtotal": 50} | body)}, headers=headers)
    assert answer.status_code in {200, 422}, answer.text
    assert answer.json is not None
    if answer.status_code == 200:
        assert answer.json["data"]["valid"] is True
        return YES, {}
    facts: Facts = answer.json["data"]
    assert (facts.pop("valid"), facts.pop("reason")) == (False, answer.json["error"])
    assert answer.json["message"]
    promised = PROMISED.get(answer.json["error"], set())
    return answer.json["error"], {name: value for name, value in facts.items() if name in promised}


def answer(client: FlaskClient, headers: Facts | None = None, **body: Any) -> str:
    return asked(client, headers, **body)[0]


def item(price: float, category: str | None = None, quantity: int = 1) -> Facts:
    return {"price": price, "quantity": quantity, "category": category}


def hours(start: str, end: str, zone: str, weekdays: list[int]) -> Facts:
    return {"enabled": True, "start_time": start, "end_time": end, "timezone": zone, "weekdays": weekdays}


@ON_SQLITE
def test_from_the_start_on_and_until_just_before_the_end(client: FlaskClient, frozen: TimeMachineFixture) -> None:
    start, end = datetime(2026, 3, 10, 9, tzinfo=UTC), datetime(2026, 3, 12, 17, tzinfo=UTC)
    make.discount(code="SAVE", starts_at=start, ends_at=end)
    table = [
        (start - MICROSECOND, ("not_started", {"startsAt": "2026-03-10T09:00:00+00:00"})),
        (start, (YES, {})),
        (end - MICROSECOND, (YES, {})),
        (end, ("expired", {"endsAt": "2026-03-12T17:00:00+00:00"})),
    ]
    for moment, told in table:
        frozen.move_to(moment, tick=False)
        assert asked(client) == told, moment


# start, end, zone, weekdays; then instants as the clock on the wall shows them, and the next opening where it is closed
HOURS: list[tuple[str, str, str, list[int], list[tuple[str, str | None]]]] = [
    ("06:00", "09:00", "UTC", [], [
        ("2026-03-02T05:59:59+00:00", "2026-03-02T06:00:00+00:00"),
        ("2026-03-02T06:00:00+00:00", None),
        ("2026-03-02T09:00:59.999999+00:00", None),
        ("2026-03-02T09:01:00+00:00", "2026-03-03T06:00:00+00:00"),
    ]),
    ("00:00", "23:59", "UTC", [], [
        ("2026-03-02T00:00:00+00:00", None),
        ("2026-03-02T23:59:59.999999+00:00", None),
    ]),
    ("12:30", "12:30", "UTC", [], [  # equal: that one minute
        ("2026-03-02T12:29:59+00:00", "2026-03-02T12:30:00+00:00"),
        ("2026-03-02T12:30:00+00:00", None),
        ("2026-03-02T12:30:59+00:00", None),
        ("2026-03-02T12:31:00+00:00", "2026-03-03T12:30:00+00:00"),
    ]),
    ("22:00", "02:00", "UTC", [5], [  # 6 March 2026 is a Friday; its window ends on Saturday
        ("2026-03-06T01:59:00+00:00", "2026-03-06T22:00:00+00:00"),  # would be Thursday's
        ("2026-03-06T21:59:59+00:00", "2026-03-06T22:00:00+00:00"),
        ("2026-03-06T22:00:00+00:00", None),
        ("2026-03-07T00:00:00+00:00", None),
        ("2026-03-07T02:00:59+00:00", None),
        ("2026-03-07T02:01:00+00:00", "2026-03-13T22:00:00+00:00"),
        ("2026-03-07T22:00:00+00:00", "2026-03-13T22:00:00+00:00"),  # Saturday's own
    ]),
    ("00:00", "23:59", "Pacific/Kiritimati", [1], [  # +14: Monday begins at 10:00 UTC on Sunday
        ("2026-03-01T09:59:59+00:00", "2026-03-02T00:00:00+14:00"),
        ("2026-03-01T10:00:00+00:00", None),
        ("2026-03-02T09:59:59+00:00", None),
        ("2026-03-02T10:00:00+00:00", "2026-03-09T00:00:00+14:00"),
    ]),
    ("09:00", "17:00", "Asia/Kathmandu", [], [  # +5:45: from 03:15 UTC
        ("2026-03-02T03:14:59+00:00", "2026-03-02T09:00:00+05:45"),
        ("2026-03-02T03:15:00+00:00", None),
        ("2026-03-02T11:15:59+00:00", None),
        ("2026-03-02T11:16:00+00:00", "2026-03-03T09:00:00+05:45"),
    ]),
    ("02:30", "03:30", "Europe/Berlin", [], [  # 29 March: after 01:59:59 comes 03:00, so the start never comes
        ("2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00"),
        ("2026-03-29T03:00:00+02:00", None),
        ("2026-03-29T03:30:59+02:00", None),
        ("2026-03-29T03:31:00+02:00", "2026-03-30T02:30:00+02:00"),
    ]),
    ("02:10", "02:20", "Europe/Berlin", [], [  # on that day not at all
        ("2026-03-29T01:59:59+01:00", "2026-03-30T02:10:00+02:00"),
        ("2026-03-29T03:00:00+02:00", "2026-03-30T02:10:00+02:00"),
        # 25 October: after 02:59:59 comes 02:00, so it opens twice
        ("2026-10-25T02:09:59+02:00", "2026-10-25T02:10:00+02:00"),
        ("2026-10-25T02:10:00+02:00", None),
        ("2026-10-25T02:20:59+02:00", None),
        ("2026-10-25T02:21:00+02:00", "2026-10-25T02:10:00+01:00"),
        ("2026-10-25T02:10:00+01:00", None),
        ("2026-10-25T02:21:00+01:00", "2026-10-26T02:10:00+01:00"),
    ]),
    ("01:00", "02:15", "America/New_York", [], [
        ("2026-03-08T01:59:59-05:00", None),  # after it comes 03:00
        ("2026-03-08T03:00:00-04:00", "2026-03-09T01:00:00-04:00"),
        ("2026-11-01T01:59:59-04:00", None),  # after it comes 01:00 once more
        ("2026-11-01T01:00:00-05:00", None),
        ("2026-11-01T02:15:59-05:00", None),
        ("2026-11-01T02:16:00-05:00", "2026-11-02T01:00:00-05:00"),
    ]),
    ("01:45", "02:15", "Australia/Lord_Howe", [], [  # half an hour back on 5 April, forward on 4 October
        ("2026-04-05T01:59:59+11:00", None),  # after it comes 01:30
        ("2026-04-05T01:30:00+10:30", "2026-04-05T01:45:00+10:30"),
        ("2026-04-05T01:45:00+10:30", None),
        ("2026-04-05T02:15:59+10:30", None),
        ("2026-04-05T02:16:00+10:30", "2026-04-06T01:45:00+10:30"),
        ("2026-10-04T01:59:59+10:30", None),  # after it comes 02:30
        ("2026-10-04T02:30:00+11:00", "2026-10-05T01:45:00+11:00"),
    ]),
]  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize(("start", "end", "zone", "weekdays", "moments"), HOURS)
def test_open_by_the_clock_on_the_wall_there(
    client: FlaskClient,
    frozen: TimeMachineFixture,
    start: str,
    end: str,
    zone: str,
    weekdays: list[int],
    moments: list[tuple[str, str | None]],
) -> None:
    make.discount(code="SAVE", active_hours=hours(start, end, zone, weekdays))
    for moment, opens_at in moments:
        frozen.move_to(datetime.fromisoformat(moment), tick=False)
        closed = ("outside_active_hours", {"opensAt": opens_at, "timezone": zone})
        assert asked(client) == (closed if opens_at else (YES, {})), moment


def test_the_last_use_is_the_last(client: FlaskClient) -> None:
    made = make.discount(code="SAVE", usage_limit=3)
    taken = [make.use("SAVE"), make.use("SAVE")]
    assert answer(client) == YES
    taken.append(make.use("SAVE"))
    assert asked(client) == ("usage_limit_reached", {})  # it has closed itself, and still this is the reason told
    with unit_of_work():
        discounts.give_back(taken[0], NOW)
    assert answer(client) == YES
    with unit_of_work():  # below what is used
        discounts.update(made.id, {"usage_limit": 1}, actor=make.SYSTEM, now=NOW)
    assert asked(client) == ("usage_limit_reached", {})


def test_a_code_of_a_batch_has_a_last_use_of_its_own(client: FlaskClient) -> None:
    made = make.discount(code="TEMPLATE", usage_limit=9)
    batch = make.saved(
        PromotionBatch(promotion_id=made.id, length=8, wanted=2, made=2, created_at=NOW, finished_at=NOW)
    )
    for code in ("TWICE", "OTHER"):
        make.saved(PromotionCode(promotion_id=made.id, code=code, batch_id=batch.id, usage_limit=2))
    make.use("TWICE")
    assert answer(client, code="TWICE") == YES
    make.use("TWICE")
    assert asked(client, code="TWICE") == ("usage_limit_reached", {})
    assert answer(client, code="OTHER") == YES


def test_a_person_has_so_many_uses_and_another_one_too(client: FlaskClient) -> None:
    make.discount(code="SAVE", per_user_limit=2)
    ada = make.user(username="ada")
    held, theirs, admin = make.use("SAVE", person=ada.person), make.bearer(ada), make.bearer()
    assert answer(client, theirs) == YES
    make.use("SAVE", person=ada.person)
    assert asked(client, theirs) == ("user_limit_reached", {})
    assert asked(client, admin, username="Ada") == ("user_limit_reached", {})
    assert answer(client, admin, username="ben") == answer(client, make.bearer(make.user())) == answer(client) == YES
    with unit_of_work():
        discounts.give_back(held, NOW)
    assert answer(client, theirs) == YES


@ON_SQLITE
def test_for_members_means_signed_in_or_asked_for_by_name(client: FlaskClient) -> None:
    make.discount(code="SAVE", requires_account=True)
    ada, admin = make.user(username="ada"), make.bearer()
    assert asked(client) == ("account_required", {})
    assert answer(client, admin) == answer(client, admin, username="a-shopper") == "account_required"
    assert answer(client, make.bearer(ada)) == answer(client, admin, username="ada") == YES


@ON_SQLITE
@pytest.mark.parametrize(
    ("scope", "body", "told"),
    [
        ({}, {"subtotal": 0}, (YES, {})),
        ({"applicable_categories": ["a"]}, {}, ("items_required", {})),
        ({"excluded_categories": ["b"]}, {}, ("items_required", {})),
        ({"applicable_categories": ["a"]}, {"items": []}, ("items_required", {})),
        ({"applicable_categories": ["a"]}, {"items": [item(1, "A")]}, (YES, {})),
        ({"applicable_categories": ["a"]}, {"items": [item(1, "b"), item(1, "a")]}, (YES, {})),
        ({"applicable_categories": ["a", "c"]}, {"items": [item(1, "b")]},
         ("category_mismatch", {"applicableCategories": ["a", "c"]})),
        ({"applicable_categories": ["a"]}, {"items": [item(1)]},
         ("category_mismatch", {"applicableCategories": ["a"]})),
        ({"excluded_categories": ["b"]}, {"items": [item(1, "B"), item(1)]}, (YES, {})),
        ({"excluded_categories": ["b"]}, {"items": [item(1, "B"), item(9, "b")]}, ("category_mismatch", {})),
        ({"applicable_categories": ["a"], "excluded_categories": ["a"]}, {"items": [item(1, "a")]},
         ("category_mismatch", {"applicableCategories": ["a"]})),
        ({"min_amount": 50}, {"subtotal": 49.99}, ("min_amount_not_met", {"missing": 0.01})),
        ({"min_amount": 50}, {"subtotal": 50}, (YES, {})),
        ({"min_amount": 50}, {"subtotal": 50.01}, (YES, {})),
        ({"min_amount": 99_999_999.99}, {"subtotal": 0.5}, ("min_amount_not_met", {"missing": 99_999_999.49})),
        # the minimum is a promise about the order, not about the shelf: 20 in scope of 50 is enough
        ({"min_amount": 50, "applicable_categories": ["a"]}, {"items": [item(20, "a"), item(15, "b", 2)]}, (YES, {})),
        ({"min_amount": 50, "applicable_categories": ["a"]}, {"items": [item(20, "a"), item(14.99, "b", 2)]},
         ("min_amount_not_met", {"missing": 0.02})),
    ],
)  # fmt: skip
def test_what_is_in_the_cart_and_for_how_much(
    client: FlaskClient, scope: Facts, body: Facts, told: tuple[str, Facts]
) -> None:
    make.discount(code="SAVE", **scope)
    assert asked(client, **body) == told


def test_a_first_order_is_one_before_any_other_was_paid(client: FlaskClient) -> None:
    make.discount(code="SAVE", first_order_only=True)
    ada = make.user(username="ada")
    theirs = make.bearer(ada)
    unpaid = make.invoice(person=ada.person)
    assert answer(client, theirs) == YES  # ordering is not paying
    with unit_of_work():
        orders.mark_paid(unpaid.id, unpaid.provider, make.told(unpaid), NOW)
    assert asked(client, theirs) == ("not_eligible", {"which": "first_order_only"})
    assert answer(client, make.bearer(), username="somebody-else") == YES


def test_of_several_reasons_the_first_of_the_list_is_told(client: FlaskClient, frozen: TimeMachineFixture) -> None:
    """Everything is wrong with it; then one thing after the other is put right, and the next reason appears."""
    ada = make.user(username="ada")
    made = make.discount(code="SAVE", usage_limit=1, auto_deactivate_on_max_uses=False)
    make.use("SAVE", person=ada.person)
    with unit_of_work():
        discounts.note_paid_order(ada.person.key, 1, NOW)

    def put(**changes: Any) -> None:
        saved = client.put(f"/api/promotions/{made.id}", json=changes, headers=make.bearer())
        assert saved.status_code == 200, saved.text

    put(
        startDate="2026-03-03T12:00:00Z",
        endDate="2026-03-05T12:00:00Z",
        isActive=False,
        activeHours={"enabled": True, "startTime": "18:00", "endTime": "19:00", "timezone": "UTC", "weekdays": []},
        requiresAccount=True,
        perUserLimit=1,
        applicableCategories=["a"],
        minPurchase=40,
        firstOrderOnly=True,
    )
    frozen.move_to(datetime(2026, 3, 5, 12, tzinfo=UTC), tick=False)
    assert answer(client) == "expired"
    put(endDate=None)
    frozen.move_to(datetime(2026, 3, 3, 11, 59, 59, tzinfo=UTC), tick=False)
    assert answer(client) == "usage_limit_reached"
    put(usageLimit=2)
    assert answer(client) == "inactive"
    put(isActive=True)
    assert answer(client) == "not_started"
    frozen.move_to(datetime(2026, 3, 3, 12, tzinfo=UTC), tick=False)
    assert answer(client) == "outside_active_hours"
    frozen.move_to(datetime(2026, 3, 3, 18, tzinfo=UTC), tick=False)
    assert answer(client) == "account_required"
    theirs = make.bearer(ada)
    assert answer(client, theirs) == "user_limit_reached"
    put(perUserLimit=2)
    assert answer(client, theirs, subtotal=10) == "items_required"
    assert answer(client, theirs, items=[item(10, "b")]) == "category_mismatch"
    assert answer(client, theirs, items=[item(39.99, "a")]) == "min_amount_not_met"
    assert answer(client, theirs, items=[item(40, "a")]) == "not_eligible"
    put(firstOrderOnly=False)
    assert answer(client, theirs, items=[item(40, "a")]) == YES
    assert client.delete(f"/api/promotions/{made.id}", headers=make.bearer()).status_code == 200
    for code in ("SAVE", "save ", "UNKNOWN"):
        assert asked(client, theirs, code=code, items=[item(40, "a")]) == ("not_found", {})


GOOD = {"title": "Spring", "discountCode": "SPRING", "discountType": "percentage", "discountValue": 12.5}
FIXED = {"discountType": "fixed"}


# what may just be said, what may just not be said any more, and the field that is told
@ON_SQLITE
@pytest.mark.parametrize(
    ("good", "wrong", "field"),
    [
        ({"discountValue": 0.01}, {"discountValue": 0}, "discountValue"),
        ({"discountValue": 100}, {"discountValue": 100.01}, "discountValue"),
        ({"discountValue": 12.34}, {"discountValue": 12.345}, "discountValue"),
        ({**FIXED, "discountValue": 0.01}, {**FIXED, "discountValue": 0}, "discountValue"),
        ({**FIXED, "discountValue": 100.01}, {**FIXED, "discountValue": -0.01}, "discountValue"),
        ({**FIXED, "discountValue": 99_999_999.99}, {**FIXED, "discountValue": 100_000_000}, "discountValue"),
        ({"minPurchase": 0}, {"minPurchase": -0.01}, "minPurchase"),
        ({"minPurchase": 99_999_999.99}, {"minPurchase": 100_000_000}, "minPurchase"),
        ({"maxDiscount": 0.01}, {"maxDiscount": 0.001}, "maxDiscount"),
        ({"usageLimit": 1}, {"usageLimit": 0}, "usageLimit"),
        ({"usageLimit": None}, {"usageLimit": -1}, "usageLimit"),
        ({"perUserLimit": 1}, {"perUserLimit": 0}, "perUserLimit"),
        ({"startDate": "2026-04-01T10:00:00+02:00", "endDate": "2026-04-01T08:00:00.000001Z"},
         {"startDate": "2026-04-01T10:00:00+02:00", "endDate": "2026-04-01T08:00:00Z"}, "endDate"),
        ({"discountCode": "A-1"}, {"discountCode": "A1"}, "discountCode"),
        ({"discountCode": "X" * 32}, {"discountCode": "X" * 33}, "discountCode"),
        ({"title": "x" * 128}, {"title": "x" * 129}, "title"),
        ({"activeHours": {"enabled": True, "startTime": "23:59", "endTime": "00:00"}},
         {"activeHours": {"enabled": True, "startTime": "24:00"}}, "activeHours.startTime"),
        ({"activeHours": {"enabled": True, "weekdays": [1, 7]}}, {"activeHours": {"enabled": True, "weekdays": [0]}},
         "activeHours.weekdays.0"),
        ({"activeHours": {"enabled": True, "timezone": "Asia/Kathmandu"}},
         {"activeHours": {"enabled": True, "timezone": "Asia/Atlantis"}}, "activeHours.timezone"),
    ],
)  # fmt: skip
def test_terms_are_taken_up_to_the_edge_and_told_by_field_beyond(
    client: FlaskClient, good: Facts, wrong: Facts, field: str
) -> None:
    admin = make.bearer()
    refused = client.post("/api/promotions", json=GOOD | wrong, headers=admin)
    assert refused.status_code == 400
    assert refused.json is not None
    assert (refused.json["error"], list(refused.json["fields"])) == ("validation_error", [field])
    assert client.post("/api/promotions", json=GOOD | good, headers=admin).status_code == 201


@ON_SQLITE
def test_a_change_is_held_against_what_stays(client: FlaskClient) -> None:
    made = make.discount(discount_type="fixed", discount_value=100.01, starts_at=NOW)
    admin = make.bearer()
    for changes, field in (
        ({"discountType": "percentage"}, "discountValue"),
        ({"endDate": "2026-03-02T12:00:00Z"}, "endDate"),
    ):
        refused = client.put(f"/api/promotions/{made.id}", json=changes, headers=admin)
        assert refused.status_code == 400
        assert refused.json is not None
        assert list(refused.json["fields"]) == [field]
