"""What an admin records stands in the audit log, once; what programs tell doesn't."""

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.audit.service import Actor
from app.kit.db import db, unit_of_work
from app.offers import service as offers
from app.offers.service import Completed
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


def log() -> list[tuple[str, int | None]]:
    db.session.rollback()
    found = db.session.scalars(select(AuditEntry).where(AuditEntry.entity == "conversion").order_by(AuditEntry.id))
    return [(each.action, each.actor_id) for each in found]


def test_who_recorded_it_is_kept_with_it_and_in_the_log() -> None:
    robin, client, offer = make.user(role="admin"), make.user(), make.offer()
    make.applied(client, make.offer_code(code="TEN"))
    actor, told = Actor(robin.id, robin.username), Completed("c-1", offer.external_id, client.username, 1999)
    for _again in range(2):
        with unit_of_work():
            kept, _is_new = offers.record(told, actor=actor, now=NOW)
    assert kept.recorded_by_id == robin.id
    assert log() == [("conversion.recorded", robin.id)]
    [after] = db.session.scalars(select(AuditEntry.after).where(AuditEntry.entity == "conversion"))
    assert after == {
        "conversion_id": "c-1",
        "user_id": client.id,
        "offer": offer.external_id,
        "payout": 19.99,
        "completed_at": NOW.isoformat(),
        "bonus": 2,
        "code": "TEN",
    }
    with unit_of_work():
        offers.reverse("c-1", actor=actor, now=NOW)
    assert log()[1:] == [("conversion.reversed", robin.id)]
    reversal = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "conversion.reversed")).one()
    assert (reversal.before, reversal.after) == ({"state": "bonus"}, {"state": "reversed"})


def test_what_a_program_tells_is_in_the_books_alone() -> None:
    kept = make.converted(make.user(), make.offer())
    assert (kept.recorded_by_id, log()) == (None, [])
