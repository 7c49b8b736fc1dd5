"""The audit log: what it keeps, and that nobody can change it."""

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from app.audit import service as audit
from app.audit.models import AuditEntry, AuditValue
from app.audit.service import Actor, Change, Filters
from app.kit.db import db, unit_of_work
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("app")
ADA = Actor(1, "ada", "10.0.0.1", "request-1")


def record(*, before: dict[str, object] | None = None, after: dict[str, object] | None = None) -> AuditEntry | None:
    with unit_of_work():
        return audit.record(ADA, "update", "user", 7, before, after, personal={"email"}, subject_id=7)


def test_only_what_differs_is_kept() -> None:
    entry = record(before={"role": "client", "locale": "en"}, after={"role": "coach", "locale": "en"})
    assert entry is not None
    assert (entry.before, entry.after) == ({"role": "client"}, {"role": "coach"})
    assert (entry.actor_id, entry.actor_label, entry.request_id) == (1, "", "request-1")


def test_a_change_of_nothing_writes_nothing() -> None:
    assert record(before={"role": "client"}, after={"role": "client"}) is None
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_personal_values_are_references_that_can_be_blanked() -> None:
    entry = record(before={"email": "old@example.com"}, after={"email": "new@example.com"})
    assert entry is not None
    assert "example.com" not in str((entry.before, entry.after))
    assert set(audit.readable([entry]).values()) == {"old@example.com", "new@example.com", "10.0.0.1"}
    with unit_of_work():
        audit.blank(7)
    assert set(audit.readable([entry]).values()) == {None, "10.0.0.1"}


@pytest.mark.parametrize(
    "change",
    [
        update(AuditEntry).values(action="nothing"),
        delete(AuditEntry),
        delete(AuditValue),
        update(AuditValue).values(value="somebody else"),
        update(AuditValue).values(subject_id=1, value=None),
    ],
)
def test_the_database_refuses_to_change_the_log(change: object) -> None:
    record(before={"email": "old@example.com"}, after={"email": "new@example.com"})
    with pytest.raises(DatabaseError, match="append-only"), unit_of_work():
        db.session.execute(change)  # type: ignore[call-overload]


def test_the_log_is_filtered_by_actor_and_thing() -> None:
    with unit_of_work():
        audit.record(ADA, "create", "product", 1)
        audit.record(audit.SYSTEM, "deactivate", "promotion", 2)
    found = db.session.scalars(audit.entries(Filters(actor_id=1))).all()
    assert [each.entity for each in found] == ["product"]
    found = db.session.scalars(audit.entries(Filters(actor_label="system", entity="promotion"))).all()
    assert [(each.action, each.entity_id) for each in found] == [("deactivate", "2")]
    assert audit.last_change("promotion", 2) == found[0]


@pytest.mark.parametrize("count", [2, 200])
def test_many_changes_are_kept_in_few_statements_and_those_of_nothing_are_not(count: int) -> None:
    changes = [Change("product.changed", "product", each, {"name": "a"}, {"name": "b"}) for each in range(count)]
    with count_statements() as sent, unit_of_work():
        audit.record_all(ADA, [*changes, Change("product.changed", "product", 999, {"name": "a"}, {"name": "a"})])
    assert len(sent) == 2, sent
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [each.entity_id for each in entries] == [str(each) for each in range(count)]
    assert {(each.actor_id, each.request_id, str(each.after)) for each in entries} == {
        (1, "request-1", "{'name': 'b'}")
    }
    assert set(audit.readable(entries).values()) == {"10.0.0.1"}
