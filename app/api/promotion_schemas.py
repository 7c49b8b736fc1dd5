"""What is said of discount codes over the API, and how."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator, model_validator
from pydantic_core import PydanticCustomError

from app.api.schemas import (
    Body,
    Cents,
    CentsOut,
    Count,
    Data,
    Listing,
    Moment,
    Number,
    Place,
    Printable,
    Whole,
    YesOrNo,
    partial,
)
from app.promotions.rules import Item

MOST_ITEMS = 500
MANY_WORDS = 20_000
Kind = Literal["percentage", "fixed"]
Status = Literal["active", "scheduled", "exhausted", "inactive", "expired", "archived"]
Category = Annotated[Printable, Field(max_length=200)]
Slugs = Annotated[list[Annotated[Printable, Field(min_length=1, max_length=64)]], Field(max_length=200)]
Clock = Annotated[Printable, Field(max_length=64, json_schema_extra={"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})]


class Package(Body):
    """What a cart may wrap its category in."""

    model_config = ConfigDict(extra="ignore")
    category: Category | None = None


class CartItem(Body):
    """A line of a cart. It may carry more than we need."""

    model_config = ConfigDict(extra="ignore")
    price: Cents
    quantity: Annotated[int, Field(ge=1, le=999), Whole]
    category: Category | None = None
    package: Package | None = None

    def as_item(self) -> Item:
        return Item(self.price, self.quantity, self.category or (self.package.category if self.package else None))


def unless_items(value: Any, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Where items are given they are what counts, and the subtotal is not looked at."""
    return None if info.data.get("items") else check(value)


class Question(Body):
    """A code, and what it is asked about: items, or a subtotal alone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "WELCOME10", "items": [{"price": 49.5, "quantity": 2, "category": "design"}]},
                {"code": "WELCOME10", "subtotal": 99},
            ]
        }
    )
    code: Annotated[Printable, Field(min_length=1, max_length=200)]
    items: Annotated[list[CartItem], Field(max_length=MOST_ITEMS)] | None = Field(
        None, description="What is in the cart. Where items are given, the subtotal is not looked at."
    )
    subtotal: Annotated[Cents | None, WrapValidator(unless_items)] = None
    username: Annotated[Printable, Field(min_length=1, max_length=64)] | None = Field(
        None, description="Whose limits count. Only with a token that may read that person."
    )

    @model_validator(mode="after")
    def has_something_to_judge(self) -> "Question":
        if not self.items and self.subtotal is None:
            raise PydanticCustomError("items_or_subtotal", "Please give items or a subtotal.", {"field": "subtotal"})
        return self


class Promised(Data):
    """What a code promises."""

    title: str
    discount_code: str
    discount_type: Kind
    discount_value: CentsOut
    min_purchase: CentsOut
    applicable_categories: list[str]
    start_date: datetime | None
    end_date: datetime | None


class Verdict(Data):
    """The code applies, and this is what it gives."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "valid": True,
                    "code": "WELCOME10",
                    "discountAmount": 9.9,
                    "eligibleAmount": 99,
                    "subtotal": 99,
                    "total": 89.1,
                    "promotion": {
                        "title": "Welcome",
                        "discountCode": "WELCOME10",
                        "discountType": "percentage",
                        "discountValue": 10,
                        "minPurchase": 20,
                        "applicableCategories": ["design"],
                        "startDate": None,
                        "endDate": "2026-12-31T22:00:00Z",
                    },
                }
            ]
        }
    )
    valid: Literal[True] = True
    code: str
    discount_amount: CentsOut
    eligible_amount: CentsOut
    subtotal: CentsOut
    total: CentsOut
    promotion: Promised


class Hours(Body):
    """When a code is open, by the clock on the wall in `timezone`; a start later than the end crosses midnight."""

    enabled: bool = False
    start_time: Clock = "00:00"
    end_time: Clock = Field("23:59", description="Open through this whole minute.")
    timezone: Annotated[Printable, Field(min_length=1, max_length=64, examples=["Europe/Berlin"])] = "UTC"
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7), Whole]], Field(max_length=7)] = Field(
        default=[], description="1 is Monday; none means every day. The local day on which it opens."
    )


class NewDiscount(Body):
    """The terms of a discount code."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Welcome",
                    "discountCode": "WELCOME10",
                    "discountType": "percentage",
                    "discountValue": 10,
                    "minPurchase": 20,
                    "applicableCategories": ["design"],
                    "endDate": "2027-01-01T00:00:00+02:00",
                }
            ]
        }
    )
    title: Annotated[Printable, Field(min_length=1, max_length=128)]
    description: Annotated[Printable, Field(max_length=MANY_WORDS)] = Field("", description="Rich text; cleaned.")
    code: Annotated[Printable, Field(max_length=64, json_schema_extra={"pattern": "^[A-Za-z0-9_-]{3,32}$"})] = Field(
        alias="discountCode", description="Kept in capitals, without outer spaces."
    )
    discount_type: Kind
    discount_value: Annotated[Cents, Field(json_schema_extra={"exclusiveMinimum": 0})] = Field(
        description="Percent, at most 100, or an amount."
    )
    min_amount: Cents | None = Field(0, alias="minPurchase", description="Held against the whole subtotal.")
    max_discount: Cents | None = Field(None, description="The most that comes off.")
    usage_limit: Count | None = Field(None, description="How often in all; null is without limit.")
    per_user_limit: Count | None = Field(None, description="How often by one person; null is without limit.")
    starts_at: Moment | None = Field(None, alias="startDate", description="From this moment on.")
    ends_at: Moment | None = Field(None, alias="endDate", description="Until just before this moment.")
    is_active: bool = True
    applicable_categories: Slugs = Field(default=[], description="None means all.")
    excluded_categories: Slugs = Field(default=[])
    first_order_only: bool = False
    requires_account: bool = False
    is_public: bool = Field(default=False, description="Shown in the store.")
    active_hours: Hours | None = None
    auto_deactivate_on_max_uses: bool = True
    release_on_refund: bool = True
    display_order: Place = 0
    terms_and_conditions: Annotated[Printable, Field(max_length=MANY_WORDS)] = ""


class DiscountChanges(partial(NewDiscount)):  # type: ignore[misc]  # made of the other
    """What is to change; the rest stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"endDate": "2027-02-01T00:00:00+02:00", "version": 3}]})
    version: Annotated[int, Field(ge=1, le=2**31 - 1), Whole] | None = Field(
        None, description="The version that the change is made to; 409 when somebody was faster."
    )


class OpenHours(Data):
    """When a code is open."""

    enabled: bool
    start_time: str
    end_time: str
    timezone: str
    weekdays: list[int]


class Codes(Data):
    """The single-use codes of a batch: how many there are, and how many of them are used."""

    count: int
    used: int


class DiscountCode(Data):
    """A discount code, with its terms and how it stands."""

    id: int
    title: str
    description: str
    code: str | None = Field(alias="discountCode", description="Null where there is a batch of single-use codes.")
    codes: Codes | None = Field(description="The batch of single-use codes, where there is one.")
    discount_type: Kind
    discount_value: Number
    min_amount: Number = Field(alias="minPurchase")
    max_discount: Number | None
    usage_limit: int | None
    per_user_limit: int | None
    used_count: int
    starts_at: datetime | None = Field(alias="startDate")
    ends_at: datetime | None = Field(alias="endDate")
    is_active: bool
    applicable_categories: list[str]
    excluded_categories: list[str]
    first_order_only: bool
    requires_account: bool
    is_public: bool
    active_hours: OpenHours
    auto_deactivate_on_max_uses: bool
    auto_deactivated_at: datetime | None
    release_on_refund: bool
    display_order: int
    terms_and_conditions: str
    version: int
    status: Status


class DiscountCodes(Data):
    """Part of a list, by display order, then newest."""

    promotions: list[DiscountCode]
    total: int


class Which(Listing):
    """Which discount codes."""

    search: Annotated[Printable, Field(max_length=100)] = Field("", description="Looks in code and title.")
    is_active: YesOrNo | None = Field(None, description="Switched on or off.")
    status: Status | None = Field(None, description="Archived codes are listed only where asked for.")
