"""Products as rows of a file, read a batch at a time."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain

from sqlalchemy import Select

from app.catalog.models import Product
from app.kit.db import db
from app.kit.sheets import Cell

BATCH = 500
Cells = tuple[Cell, ...]


def rows(query: Select[Product]) -> Iterator[Cells]:
    """The cells of `sheet.COLUMNS` for each product that the query finds, in the order in which they were made.

    One statement for every 500, the first of them at once; between them no connection is held, however slowly the rows
    are taken.
    """
    batches = _batches(query.order_by(None).order_by(Product.id))
    first = next(batches, [])
    return chain(first, chain.from_iterable(batches))


def _batches(query: Select[Product]) -> Iterator[list[Cells]]:
    last = 0
    while True:
        found = db.session.scalars(query.where(Product.id > last).limit(BATCH)).all()
        batch = [_cells(product) for product in found]
        last = found[-1].id if found else last
        db.session.rollback()
        if batch:
            yield batch
        if len(batch) < BATCH:
            return


def _cells(product: Product) -> Cells:
    return (
        product.sku,
        product.name,
        product.slug,
        product.category.slug,
        Decimal(product.price_cents).scaleb(-2),
        product.description,
        "yes" if product.is_active else "no",
        product.position,
    )
