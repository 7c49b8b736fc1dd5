"""What codes on accounts earn, as the databases decide it: hours, ends, switches, names, and who may have them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import desk
from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.offers import catalogue, editing
from app.offers import service as offers
from app.offers.errors import CodeRefused, UnknownClient
from app.offers.models import Conversion, OfferCode, UserPromoCode
from app.promotions import jobs
from tests import make
from tests.make import NOW
from tests.offers.reading import cash, faults, promotion_of

pytestmark = pytest.mark.usefixtures("app")
HOUR, TINY = timedelta(hours=1), timedelta(microseconds=1)
Hours = tuple[str, str, str, list[int]]
NIGHT: Hours = ("22:00", "02:00", "UTC", [5])
SHIFT: Hours = ("03:30", "04:30", "Europe/Riga", [])


def changed(offer_code: OfferCode, **fields: Any) -> None:
    with unit_of_work():
        editing.update(offer_code.id, fields, actor=SYSTEM, now=NOW)


def on_account(**fields: Any) -> tuple[User, OfferCode]:
    """A client with a code that earns 2.00 for an offer of 20.00; changed like this once it was applied."""
    client, code = make.user(), make.offer_code()
    make.applied(client, code)
    if fields:
        changed(code, **fields)
    return client, code


def hours_of(hours: Hours) -> dict[str, Any]:
    start, end, zone, weekdays = hours
    return {"enabled": True, "start_time": start, "end_time": end, "timezone": zone, "weekdays": weekdays}


def reasons(conversion: Conversion) -> list[str]:
    return [each["reason"] for each in conversion.passed_over]


@pytest.mark.parametrize(
    ("hours", "completed", "later", "earns"),
    [
        (NIGHT, "2026-03-06T22:00:00", HOUR * 0, True),  # Friday
        (NIGHT, "2026-03-07T02:00:59", HOUR * 0, True),  # still Friday's night
        (NIGHT, "2026-03-07T02:01:00", HOUR * 0, False),
        (NIGHT, "2026-03-06T01:00:00", HOUR * 0, False),  # Thursday's
        (NIGHT, "2026-03-07T01:00:00", HOUR * 24, True),  # as of its completion
        (NIGHT, "2026-03-07T01:00:00", HOUR * 24 + TINY, False),  # as of its receipt, on Saturday night
        (NIGHT, "2026-03-05T21:59:59", HOUR * 25, True),  # completed on Thursday, told on Friday night
        (NIGHT, "2026-03-06T21:59:59", HOUR, False),  # told while it is open, but completed before
        (SHIFT, "2026-03-29T00:59:59", HOUR * 0, False),  # 02:59:59, and then comes 04:00
        (SHIFT, "2026-03-29T01:00:00", HOUR * 5, True),
        (SHIFT, "2026-03-29T01:31:00", HOUR * 0, False),
        (SHIFT, "2026-10-25T00:30:00", HOUR * 5, True),  # 03:30
        (SHIFT, "2026-10-25T01:15:00", HOUR * 5, False),  # 03:15 once more
        (SHIFT, "2026-10-25T01:30:00", HOUR * 5, True),
        (SHIFT, "2026-10-25T02:31:00", HOUR * 5, False),
    ],
)
def test_hours_are_those_on_the_wall_of_the_promotion_when_it_was_completed(
    hours: Hours, completed: str, later: timedelta, earns: bool
) -> None:
    client, _code = on_account(active_hours=hours_of(hours))
    at = datetime.fromisoformat(f"{completed}+00:00")
    conversion = make.converted(client, make.offer(), completed_at=at, now=at + later)
    assert (conversion.bonus_cents, cash(client)) == ((200, 200) if earns else (0, 0))
    assert reasons(conversion) == ([] if earns else ["outside_active_hours"])
    assert faults() == []


@pytest.mark.parametrize(
    ("fields", "completed_before", "reason"),
    [
        ({"ends_at": NOW + HOUR}, HOUR + TINY, None),
        ({"ends_at": NOW + HOUR}, HOUR, "expired"),  # the end is exclusive
        ({"starts_at": NOW + HOUR}, HOUR, None),
        ({"starts_at": NOW + HOUR}, HOUR + TINY, "not_started"),
        ({"min_amount": 20}, HOUR, None),
        ({"min_amount": 20.01}, HOUR, "min_amount_not_met"),
        ({"max_bonus": 0}, HOUR, "nothing_to_give"),
        ({"is_active": False}, HOUR, "inactive"),
    ],
)
def test_it_counts_what_held_then_though_upkeep_has_closed_it_meanwhile(
    fields: dict[str, Any], completed_before: timedelta, reason: str | None
) -> None:
    client, code = on_account(**fields)
    received = NOW + 2 * HOUR
    jobs.close_ended(received)
    conversion = make.converted(client, make.offer(), completed_at=received - completed_before, now=received)
    assert (conversion.bonus_cents, reasons(conversion)) == ((0, [reason]) if reason else (200, []))
    promotion = promotion_of(code)
    assert (promotion.used_count, promotion.is_active) == (not reason, not {"ends_at", "is_active"} & set(fields))
    assert faults() == []


def test_what_was_applied_later_than_completed_counts_all_the_same() -> None:
    client, code = make.user(), make.offer_code()
    make.applied(client, code, now=NOW + HOUR)
    assert make.converted(client, make.offer(), completed_at=NOW, now=NOW + 2 * HOUR).bonus_cents == 200


def test_a_removed_code_earns_nothing_keeps_what_it_earned_and_may_come_back() -> None:
    client, code = on_account()
    offer = make.offer()
    make.converted(client, offer)
    [held] = db.session.scalars(select(UserPromoCode)).all()
    for _twice in range(2):
        with unit_of_work():
            assert offers.remove(client, held.id, now=NOW).status == "removed"
    passed = make.converted(client, offer)
    assert (passed.bonus_cents, passed.passed_over, cash(client)) == (0, [], 200)
    again = make.applied(client, code, now=NOW + HOUR)
    assert (again.is_new, again.applied_at) == (True, NOW + HOUR)
    assert make.converted(client, offer).bonus_cents == 200
    assert make.applied(client, code, now=NOW + 2 * HOUR).applied_at == NOW + HOUR
    assert faults() == []


def test_a_renamed_code_earns_under_its_new_name_and_what_it_has_earned_keeps_the_old_one() -> None:
    client, code = on_account(code="BEFORE")
    offer = make.offer()
    make.converted(client, offer, conversion_id="first")
    changed(code, code="AFTER")
    assert make.converted(client, offer).code == "AFTER"
    first = offers.find("first")
    assert first is not None
    assert first.code == "BEFORE"
    with pytest.raises(CodeRefused) as refusal:
        make.applied(make.user(), "BEFORE")
    assert refusal.value.code == "not_found"


def test_an_archived_code_earns_nothing_and_is_put_on_no_account() -> None:
    client, code = on_account()
    paid = make.converted(client, make.offer())
    with unit_of_work():
        assert not editing.remove(code.id, SYSTEM, NOW)
    conversion = make.converted(client, make.offer())
    assert (conversion.bonus_cents, reasons(conversion)) == (0, ["not_found"])
    with pytest.raises(CodeRefused) as refusal:
        make.applied(make.user(), code)
    assert refusal.value.code == "not_found"
    make.reversed_again(paid)
    assert not promotion_of(code).is_active
    assert faults() == []


def test_an_offer_that_is_switched_off_or_renamed_was_completed_all_the_same() -> None:
    client, _code = on_account()
    offer = make.offer(name="Before")
    with unit_of_work():
        catalogue.change(offer.id, {"is_active": False, "name": "After"}, actor=SYSTEM, now=NOW)
    assert make.converted(client, offer).bonus_cents == 200


@pytest.mark.parametrize(
    "leave",
    [
        lambda user: desk.anonymise(user.id, actor=SYSTEM, now=NOW),
        lambda user: desk.set_active(user.id, is_active=False, actor=SYSTEM, now=NOW),
    ],
    ids=["anonymised", "deactivated"],
)
def test_whoever_is_gone_earns_nothing_more_but_what_they_earned_is_told_and_taken_back(
    leave: Callable[[User], User],
) -> None:
    client, code = on_account()
    name, offer = client.username, make.offer()
    paid = make.converted(client, offer, conversion_id="first")
    with unit_of_work():
        leave(client)
    told = offers.Completed("second", offer.external_id, name, 2000)
    with pytest.raises(UnknownClient), unit_of_work():
        offers.record(told, now=NOW)
    with pytest.raises(UnknownClient):
        make.applied(client, code)
    with unit_of_work():
        again, is_new = offers.record(offers.Completed("first", offer.external_id, name, 2000), now=NOW)
    assert (again.id, again.bonus_cents, is_new, offers.find("second")) == (paid.id, 200, False, None)
    make.reversed_again(paid)
    assert (cash(client), faults()) == (0, [])


@pytest.mark.parametrize("role", ["coach", "admin"])
def test_only_clients_have_codes_and_complete_offers(role: str) -> None:
    person, code, offer = make.user(role=role), make.offer_code(), make.offer()
    with pytest.raises(UnknownClient):
        make.applied(person, code)
    with pytest.raises(UnknownClient):
        make.converted(person, offer)
    assert db.session.scalars(select(Conversion)).all() == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ends_at": NOW}, "expired"),
        ({"is_active": False}, "inactive"),
        ({"starts_at": NOW + TINY}, "not_started"),
        ({"active_hours": hours_of(NIGHT)}, "outside_active_hours"),
        ({"min_amount": 99}, None),
    ],
)
def test_what_does_not_hold_is_not_put_on_an_account(fields: dict[str, Any], reason: str | None) -> None:
    client, code = make.user(), make.offer_code(**fields)
    if reason is None:
        assert make.applied(client, f" {make.code_of(code).lower()} ").is_new
        return
    with pytest.raises(CodeRefused) as refusal:
        make.applied(client, code)
    assert refusal.value.code == reason
    if reason == "outside_active_hours":
        assert refusal.value.verdict.facts["opens_at"] == datetime.fromisoformat("2026-03-06T22:00:00+00:00")
    assert db.session.scalars(select(UserPromoCode)).all() == []
