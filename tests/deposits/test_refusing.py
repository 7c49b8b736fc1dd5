"""A deposit with a bonus that isn't there, and one that is refused or given up again."""

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.bonuses.errors import BonusRefused
from app.deposits import service as deposits
from app.deposits.errors import NotRefusable
from app.deposits.models import Deposit
from app.kit.db import db, unit_of_work
from tests import make
from tests.bonuses.reading import faults
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


def test_a_deposit_with_a_bonus_that_is_not_there_is_refused() -> None:
    client = make.user()
    with pytest.raises(BonusRefused) as refused, unit_of_work():
        deposits.request(client, 5000, 777, key="key-of-a-page-0001", now=NOW)
    assert (refused.value.code, refused.value.field) == ("not_found", "promotion_id")
    assert db.session.scalars(select(Deposit)).all() == []


def test_one_with_a_promotion_of_another_kind_is_refused_too() -> None:
    client, discount = make.user(), make.discount()
    with pytest.raises(BonusRefused), unit_of_work():
        deposits.request(client, 5000, discount.id, key="key-of-a-page-0001", now=NOW)


def test_refusing_or_giving_it_up_again_is_fine_and_told_once() -> None:
    asked = make.asked_deposit(make.user())
    for _again in range(2):
        with unit_of_work():
            assert deposits.refuse(asked.id, "Never came", actor=SYSTEM, now=NOW).note == "Never came"
            assert deposits.cancel(asked.user_id, asked.id, NOW).status == "refused"
    told = db.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "deposit.refused")).all()
    assert told == ["deposit.refused"]
    paid = make.deposit(make.user())
    with pytest.raises(NotRefusable), unit_of_work():
        deposits.cancel(paid.user_id, paid.id, NOW)
    assert faults() == []
