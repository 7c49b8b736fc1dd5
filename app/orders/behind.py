"""Which invoices stand behind movements of money and turnover, which know references only. Reads only."""

from collections.abc import Collection, Mapping

from sqlalchemy import select

from app.kit.db import among, db
from app.orders.models import Invoice, InvoiceLine, Refund

PAID, REFUNDED = "invoice:", "refund:"


def invoices_behind(references: Collection[str]) -> Mapping[str, str]:
    """By each reference to an order or to a refund, the number of its invoice. At most two statements."""
    ids, refunds = _numbers(references, PAID), _numbers(references, REFUNDED)
    paid = select(Invoice.id, Invoice.number).where(among(Invoice.id, ids))
    back = select(Refund.id, Invoice.number).join(Invoice, Invoice.id == Refund.invoice_id)
    found = {f"{PAID}{row.id}": row.number for row in db.session.execute(paid)} if ids else {}
    if refunds:
        rows = db.session.execute(back.where(among(Refund.id, refunds)))
        found |= {f"{REFUNDED}{row.id}": row.number for row in rows}
    return found


def sold_as(line_ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Of lines of invoices: what was sold, and the number of the invoice. One statement, or none."""
    query = select(InvoiceLine.id, InvoiceLine.name, Invoice.number).join(Invoice, Invoice.id == InvoiceLine.invoice_id)
    rows = db.session.execute(query.where(among(InvoiceLine.id, line_ids))) if line_ids else ()
    return {row.id: (row.name, row.number) for row in rows}


def _numbers(references: Collection[str], prefix: str) -> set[int]:
    written = (each.removeprefix(prefix) for each in references if each.startswith(prefix))
    return {int(each) for each in written if each.isdecimal()}
