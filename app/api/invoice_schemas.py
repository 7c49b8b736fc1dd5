"""What is said of invoices and the books over the API, and how."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.api.schemas import Body, CentsOut, Data, DayOrMoment, Listing, Printable, Query, Whole

MOST_LINES = 500
Status = Literal["pending", "paid", "partly_refunded", "refunded", "void"]
Kind = Literal["order", "donation"]


class InPeriod(Query):
    """Which period, by the time of payment."""

    from_: DayOrMoment | None = Field(
        None, alias="from", description="The first day (in the installation's zone), or an instant with its offset."
    )
    to: DayOrMoment | None = Field(
        None, description="The last day, included; or the instant at which the period is over."
    )


class WhichInvoices(Listing, InPeriod):
    """Which invoices. Those that were never paid are found by the time of the order."""

    search: Annotated[Printable, Field(max_length=100)] = Field("", description="In number, shopper and code.")
    status: Status | None = None
    kind: Kind | None = None


class Applied(Data):
    """The code on an invoice, as it was then."""

    code: str
    discount_amount: CentsOut


class Payment(Data):
    """How it is or was paid."""

    provider: str = Field(description="`manual`, `test`, `stripe`, or `wallet` for the cash of a client's wallet.")
    reference: str | None


class InvoiceShort(Data):
    """An invoice, as it stands in a list."""

    id: int
    number: str
    kind: Kind
    status: Status
    shopper: str
    user_id: int | None
    subtotal: CentsOut
    discount: CentsOut
    total: CentsOut
    refunded: CentsOut
    promotion: Applied | None
    payment: Payment
    created_at: datetime
    paid_at: datetime | None
    closed_at: datetime | None


class Invoices(Data):
    invoices: list[InvoiceShort]
    total: int


class Line(Data):
    """What was sold, with its share of the discount and what of it went back."""

    id: int
    name: str
    sku: str | None
    category: str | None
    unit_price: CentsOut
    quantity: int
    total: CentsOut
    discount: CentsOut
    refunded_quantity: int
    refunded: CentsOut


class RefundedLine(Data):
    id: int = Field(description="The line of the invoice.")
    quantity: int
    amount: CentsOut


class RefundOut(Data):
    """Money that went back."""

    id: int
    amount: CentsOut
    reason: str
    created_at: datetime
    lines: list[RefundedLine]


class InvoiceOut(InvoiceShort):
    """An invoice with all that stands on it."""

    message: str | None
    lines: list[Line]
    refunds: list[RefundOut]


class RefundLine(Body):
    id: Annotated[int, Field(ge=1, le=2**31 - 1), Whole] = Field(description="The line of the invoice.")
    quantity: Annotated[int, Field(ge=1, le=999), Whole]


class Nothing(Body):
    """Nothing needs to be said."""


def _a_list(value: Any) -> Any:
    """A list that turned out empty-handed must not refund everything."""
    if value is None:
        raise PydanticCustomError("list_type", "Please give a list.")
    return value


class RefundWish(Body):
    """What goes back: these pieces, or without lines all that is left."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lines": [{"id": 1, "quantity": 1}], "reason": "Broken"}]}
    )
    lines: Annotated[list[RefundLine], Field(min_length=1, max_length=MOST_LINES), BeforeValidator(_a_list)] = Field(
        default_factory=list, description="Leave it out to refund all that is left."
    )
    reason: Annotated[Printable, Field(max_length=200)] | None = None


class MonthSums(Data):
    """The sums of one month of the installation's calendar."""

    month: str = Field(description="Such as 2026-03.")
    invoices: int
    gross: CentsOut
    promotion_savings: CentsOut
    refunds: CentsOut
    net: CentsOut
    donations: CentsOut


class Accounts(Data):
    """What the books add up to, for all invoices that are or were paid in the period."""

    from_: date = Field(alias="from", serialization_alias="from")
    to: date
    invoices: int
    gross: CentsOut = Field(description="Before discounts.")
    promotion_savings: CentsOut = Field(description="Discounts, less the share of what was refunded.")
    refunds: CentsOut = Field(description="Money given back for invoices of the period.")
    net: CentsOut = Field(description="What was paid and not given back.")
    donations: CentsOut = Field(description="The part of the net that was given.")
    months: list[MonthSums]
