"""What pieces of a paid line are worth when they go back: pure arithmetic in cents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A line as it was paid, and how many of its pieces went back since."""

    id: int
    unit_price_cents: int
    quantity: int
    discount_cents: int
    refunded_quantity: int = 0

    @property
    def paid_cents(self) -> int:
        return self.unit_price_cents * self.quantity - self.discount_cents

    @property
    def left(self) -> int:
        """How many pieces can still go back."""
        return self.quantity - self.refunded_quantity


@dataclass(frozen=True, slots=True)
class Part:
    """So many pieces of a line: the money that goes back for them, and the discount that was theirs."""

    line_id: int
    quantity: int
    amount_cents: int
    discount_cents: int


def part_of(line: PaidLine, quantity: int) -> Part:
    """The next so many pieces of a line.

    Cut from the running total (`paid * pieces // quantity`), so that all pieces together give exactly
    what was paid, in whatever portions they go back, and no piece gives more than its price.
    """
    done, after = line.refunded_quantity, line.refunded_quantity + quantity
    amount = line.paid_cents * after // line.quantity - line.paid_cents * done // line.quantity
    return Part(line.id, quantity, amount, line.unit_price_cents * quantity - amount)


def parts_of(lines: Sequence[PaidLine], wanted: Mapping[int, int] | None) -> list[Part]:
    """The pieces that are wanted, by line id, or all that are left; lines of which none goes back aren't in it."""
    chosen = {line.id: line.left for line in lines} if wanted is None else wanted
    return [part_of(line, chosen[line.id]) for line in lines if chosen.get(line.id)]


def is_whole(lines: Iterable[PaidLine], parts: Iterable[Part]) -> bool:
    """Whether nothing is left when these have gone back too."""
    going = {part.line_id: part.quantity for part in parts}
    return all(line.left == going.get(line.id, 0) for line in lines)
