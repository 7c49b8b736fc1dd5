"""Giving what was ordered under a name to the account of whoever ordered it. Only an admin can: a name is no proof."""

from datetime import datetime

from sqlalchemy import select, update

from app.accounts import service as accounts
from app.accounts.models import User
from app.accounts.persons import Person
from app.audit import service as audit
from app.audit.service import Actor
from app.deals import service as deals
from app.discounts import service as discounts
from app.kit.db import db
from app.orders.errors import AlreadyLinked, NoSuchAccount, StillUnpaid
from app.orders.models import Invoice
from app.orders.service import by_number


def link(number: str, username: str, *, actor: Actor, now: datetime) -> tuple[User, int]:
    """Link this order, and the others that the same session made under the same name; the account and how many.

    The session loses sight of them. Unpaid ones stay where they are, uses of codes go on counting for the name under
    which they were taken, and so does what was spent on a deal under which the name has claimed something. Raises
    NotFound, NoSuchAccount, AlreadyLinked and StillUnpaid.
    """
    invoice = by_number(number)
    user = accounts.find(username)
    if user is None or not user.is_active:
        raise NoSuchAccount(field="username")
    if invoice.user_id is not None:
        raise AlreadyLinked(field="username")
    if invoice.status == "pending":
        raise StillUnpaid(field="username")
    name = Person(invoice.shopper)
    linked = _hand_over(invoice, user)
    deals.hand_over(linked, name, user.person, now)
    for each in linked:
        audit.record(actor, "invoice.linked", "invoice", each, {"user_id": None}, {"user_id": user.id})
    if invoice.status != "void":
        discounts.note_paid_order(user.person.key, invoice.id, now)
    return user, len(linked)


def _hand_over(invoice: Invoice, user: User) -> list[int]:
    """Of one session and one name. Two admins at once: the second finds nothing left."""
    same = select(Invoice.id).where(Invoice.visit == invoice.visit, Invoice.person_key == invoice.person_key)
    linked = db.session.scalars(
        update(Invoice)
        .where(Invoice.id.in_(same.scalar_subquery()), Invoice.user_id.is_(None), Invoice.status != "pending")
        .values(user_id=user.id, person_key=user.person.key, visit=None)
        .returning(Invoice.id)
        .execution_options(synchronize_session=False)
    )
    found = sorted(linked)
    if not found:
        raise AlreadyLinked(field="username")
    return found
