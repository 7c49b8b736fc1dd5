"""What every room's books tell when something doesn't agree."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What doesn't agree: of which book, in which row, and how."""

    book: int
    table: str
    row_id: int
    what: str

    def __str__(self) -> str:
        return f"book {self.book}: {self.table} {self.row_id} {self.what}"
