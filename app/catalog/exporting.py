"""Products as rows of a file, read a batch at a time."""

from collections.abc import Iterator

from sqlalchemy import Select

from app.catalog.models import Product
from app.kit import lists
from app.kit.money import as_decimal
from app.kit.sheets import Cell

BATCH = 500
Cells = tuple[Cell, ...]


def rows(query: Select[Product]) -> Iterator[Cells]:
    """The cells of `sheet.COLUMNS` for each product that the query finds, in the order in which they were made."""
    return lists.stream(query, Product.id, _cells, size=BATCH)


def _cells(product: Product) -> Cells:
    return (
        product.sku,
        product.name,
        product.slug,
        product.category.slug,
        as_decimal(product.price_cents),
        product.description,
        "yes" if product.is_active else "no",
        product.position,
    )
