"""Which orders stand behind movements of money and behind turnover, by the numbers that people read. Reads only."""

from collections.abc import Collection, Mapping

from sqlalchemy import select

from app.kit.db import db
from app.orders.models import Invoice, InvoiceLine, Refund
from app.orders.paying import SUBJECT

REFUND = "refund:"


def numbers_of(references: Collection[str]) -> Mapping[str, str]:
    """By each reference that names an order or a refund of one, the number of its invoice. At most two statements."""
    orders, refunds = _ids(references, SUBJECT), _ids(references, REFUND)
    told: dict[str, str] = {}
    if orders:
        found = db.session.execute(select(Invoice.id, Invoice.number).where(Invoice.id.in_(orders)))
        told |= {f"{SUBJECT}{each.id}": each.number for each in found}
    if refunds:
        query = select(Refund.id, Invoice.number).join(Invoice, Invoice.id == Refund.invoice_id)
        told |= {f"{REFUND}{each.id}": each.number for each in db.session.execute(query.where(Refund.id.in_(refunds)))}
    return told


def sold_as(line_ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Of lines of invoices: what was sold, and the number of the invoice. One statement, or none."""
    if not line_ids:
        return {}
    query = select(InvoiceLine.id, InvoiceLine.name, Invoice.number).join(Invoice, Invoice.id == InvoiceLine.invoice_id)
    return {each.id: (each.name, each.number) for each in db.session.execute(query.where(InvoiceLine.id.in_(line_ids)))}


def _ids(references: Collection[str], prefix: str) -> set[int]:
    numbers = (each.removeprefix(prefix) for each in references if each.startswith(prefix))
    return {int(each) for each in numbers if each.isdecimal()}
