"""Long lists, a page at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, Select, func, select

from app.kit.db import db

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of `total` items: page `number`, counted from 1, of `size` each."""

    items: Sequence[T]
    total: int
    number: int = 1
    size: int = 20

    @property
    def pages(self) -> int:
        """How many pages there are; 1 for an empty list."""
        return max(1, -(-self.total // self.size))

    @property
    def has_prev(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return self.number < self.pages

    @property
    def offered(self) -> list[int]:
        """The pages to link to: the first, the last and those beside this one; 0 stands for a gap."""
        near = sorted({1, self.pages, *range(max(1, self.number - 1), min(self.pages, self.number + 1) + 1)})
        gaps = [[0, here] if here - before > 1 else [here] for before, here in pairwise([0, *near])]
        return list(chain.from_iterable(gaps))

    @property
    def first(self) -> int:
        """The place of the first item shown, counted from 1; 0 when there is none."""
        return (self.number - 1) * self.size + 1 if self.items else 0

    @property
    def last(self) -> int:
        return self.first + len(self.items) - 1 if self.items else 0


def paginate(query: Select[T], *, number: int = 1, size: int = 20, offset: int | None = None) -> Page[T]:
    """One page of a query of one entity, in two statements. A number past the end gives the last page.

    `offset`, where given, says instead how many items to leave out; past the end there are none.
    """
    total, number, first = _place(query, number, size, offset)
    items = db.session.scalars(query.limit(size).offset(first)).unique().all()
    return Page(items, total, number, size)


def paginate_rows(
    query: Select[*tuple[Any, ...]], *, number: int = 1, size: int = 20, offset: int | None = None
) -> Page[Row[*tuple[Any, ...]]]:
    """The same of a query of several columns: its rows."""
    total, number, first = _place(query, number, size, offset)
    return Page(db.session.execute(query.limit(size).offset(first)).unique().all(), total, number, size)


def stream(query: Select[*tuple[Any, ...]], key: Any, shown: Callable[..., T], *, size: int) -> Iterator[T]:
    """What is shown of each row that the query finds, in the order of this number.

    One statement for every `size`, the first of them at once; between them no connection is held, however slowly the
    rows are taken.
    """
    batches = _batches(query.order_by(None).order_by(key).add_columns(key).limit(size), key, shown, size)
    first = next(batches, [])
    return chain(first, chain.from_iterable(batches))


def _place(query: Select[*tuple[Any, ...]], number: int, size: int, offset: int | None) -> tuple[int, int, int]:
    """How many there are in all, the page that is shown, and how many items come before it."""
    counted: Select[Any] = select(func.count()).select_from(query.order_by(None).subquery())
    total = db.session.scalar(counted) or 0
    if offset is not None:
        return total, offset // size + 1, offset
    number = max(1, min(number, -(-total // size)))
    return total, number, (number - 1) * size


def _batches(query: Select[Any], key: Any, shown: Callable[..., T], size: int) -> Iterator[list[T]]:
    last = 0
    while True:
        found = db.session.execute(query.where(key > last)).all()
        batch = [shown(*row[:-1]) for row in found]
        last = found[-1][-1] if found else last
        db.session.rollback()
        if batch:
            yield batch
        if len(batch) < size:
            return
