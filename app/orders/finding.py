"""Which invoices there are, and who may see which."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import selectinload

from app.errors import NotFound, not_shown
from app.kit.db import db
from app.kit.text import like
from app.orders.models import Invoice, InvoiceLine, Refund


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who wants to see an invoice: an account, an anonymous session, and what was opened by a signed link."""

    user_id: int | None = None
    visit: str | None = None
    opened: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """Which invoices an admin looks for; what is empty doesn't narrow it.

    The period is [since, until), by the time of payment, or where there is none by the time of the order.
    """

    search: str = ""
    status: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None


def get(invoice_id: int) -> Invoice:
    """As it is in the database now. Raises NotFound."""
    invoice = db.session.get(Invoice, invoice_id, populate_existing=True)
    if invoice is None:
        raise NotFound
    return invoice


def by_ids(invoice_ids: Collection[int]) -> dict[int, Invoice]:
    """Those that there are, without their lines."""
    found = db.session.scalars(select(Invoice).where(Invoice.id.in_(invoice_ids)))
    return {invoice.id: invoice for invoice in found}


def by_number(number: str) -> Invoice:
    """With its lines. Raises NotFound."""
    invoice = _first(Invoice.number == number)
    if invoice is None:
        raise NotFound
    return invoice


def shown_to(viewer: Viewer, number: str) -> Invoice:
    """With its lines, if it is the viewer's to see. Raises NotFound: to others it doesn't exist."""
    invoice = _first(and_(Invoice.number == number, _visible_to(viewer)))
    if invoice is None:
        raise not_shown(select(Invoice.id).where(Invoice.number == number))
    return invoice


def made(viewer: Viewer, invoice: Invoice) -> bool:
    """Whether the viewer ordered it, and doesn't just hold its link."""
    return (viewer.user_id is not None and viewer.user_id == invoice.user_id) or (
        viewer.visit is not None and viewer.visit == invoice.visit
    )


def list_for(viewer: Viewer) -> Select[Invoice]:
    """What this viewer may see, newest first."""
    return select(Invoice).where(_visible_to(viewer)).order_by(Invoice.id.desc())


def invoices(wish: Wish | None = None) -> Select[Invoice]:
    """What fits, newest first; the search looks in number, shopper and code."""
    wish = wish or Wish()
    query = select(Invoice).order_by(Invoice.id.desc())
    if wish.search.strip():
        pattern = like(wish.search.strip())
        columns = (Invoice.number, Invoice.shopper, Invoice.code)
        query = query.where(or_(*(column.ilike(pattern, escape="\\") for column in columns)))
    if wish.status:
        query = query.where(Invoice.status == wish.status)
    if wish.kind:
        query = query.where(Invoice.kind == wish.kind)
    happened = func.coalesce(Invoice.paid_at, Invoice.created_at)
    if wish.since:
        query = query.where(happened >= wish.since)
    if wish.until:
        query = query.where(happened < wish.until)
    return query


def refunds_of(invoice_id: int) -> Sequence[Refund]:
    """What was refunded of it, oldest first, with the lines."""
    query = select(Refund).where(Refund.invoice_id == invoice_id).options(selectinload(Refund.lines))
    return db.session.scalars(query.order_by(Refund.id)).all()


def was_sold(product_id: int) -> bool:
    """Whether a product stands on an invoice, and so can't be deleted."""
    return bool(db.session.scalar(select(InvoiceLine.id).where(InvoiceLine.product_id == product_id).limit(1)))


def _visible_to(viewer: Viewer) -> ColumnElement[bool]:
    ways: list[ColumnElement[bool]] = [Invoice.id.in_(viewer.opened)]
    if viewer.user_id is not None:
        ways.append(Invoice.user_id == viewer.user_id)
    if viewer.visit:
        ways.append(Invoice.visit == viewer.visit)
    return or_(*ways)


def _first(condition: ColumnElement[bool]) -> Invoice | None:
    lines = selectinload(Invoice.lines)
    return db.session.scalar(
        select(Invoice).where(condition).options(lines), execution_options={"populate_existing": True}
    )
