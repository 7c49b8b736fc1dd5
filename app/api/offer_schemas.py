"""What is said of offers and of codes for them over the API, and how. In this part of it names are snake_case."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.api.promotion_schemas import MANY_WORDS, Hours, Kind, OpenHours, Status, Which
from app.api.schemas import (
    Cents,
    CentsOut,
    Count,
    Listing,
    Moment,
    Number,
    OneLine,
    Paged,
    Place,
    Printable,
    SnakeBody,
    SnakeData,
    Whole,
    YesOrNo,
    partial,
)
from app.kit.wire import as_it_is
from app.offers.catalogue import LONGEST_EXTERNAL_ID, LONGEST_TEXT, LONGEST_URL
from app.offers.editing import MOST_OFFERS

LARGEST = 2**31 - 1
WHO_WAS_FASTER = "The version that the change is made to; 409 when somebody was faster."
Version = Annotated[int, Field(ge=1, le=LARGEST), Whole]


def _to_offer(value: Any) -> int | str:
    if isinstance(value, str) and value.strip() and len(value) <= LONGEST_EXTERNAL_ID and "\x00" not in value:
        return value
    if type(value) in {int, float} and 1 <= value <= LARGEST and value == int(value):
        return int(value)
    raise PydanticCustomError("offer_id", "Please give the id or the external id of an offer.")


NUMBER_OF_OURS = {"type": "integer", "minimum": 1, "maximum": LARGEST}
ID_OF_THEIRS = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_EXTERNAL_ID,
    "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$",
}

AnyOffer = Annotated[int | str, BeforeValidator(_to_offer), WithJsonSchema({"anyOf": [NUMBER_OF_OURS, ID_OF_THEIRS]})]
"""An offer: by our id as a number, or by its external id as a text."""


class PromoHours(Hours):
    """When a code is open, by the clock on the wall in `timezone`; a start later than the end crosses midnight."""

    model_config = ConfigDict(alias_generator=as_it_is)


class NewPromoCode(SnakeBody):
    """The terms of an offer code."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "BONUS10",
                    "title": "Ten percent on top",
                    "bonus_type": "percentage",
                    "bonus_value": 10,
                    "max_bonus": 5,
                    "max_uses": 500,
                    "active_hours": {"enabled": True, "start_time": "18:00", "end_time": "22:00"},
                }
            ]
        }
    )
    code: Annotated[Printable, Field(max_length=64, json_schema_extra={"pattern": "^[A-Za-z0-9_-]{3,32}$"})] = Field(
        description="Kept in capitals, without outer spaces."
    )
    title: Annotated[Printable, Field(min_length=1, max_length=128)]
    description: Annotated[Printable, Field(max_length=MANY_WORDS)] = Field("", description="Rich text; cleaned.")
    bonus_type: Kind
    bonus_value: Annotated[Cents, Field(json_schema_extra={"exclusiveMinimum": 0})] = Field(
        description="Percent of the payout, at most 1000, or an amount."
    )
    max_bonus: Cents | None = Field(None, description="The most that one conversion earns; null is without limit.")
    min_amount: Cents | None = Field(0, description="The least payout that it is for.")
    usage_limit: Count | None = Field(None, alias="max_uses", description="How often in all; null is without limit.")
    per_user_limit: Count | None = Field(None, description="How often by one client; null is without limit.")
    starts_at: Moment | None = Field(None, description="From this moment on.")
    ends_at: Moment | None = Field(None, description="Until just before this moment.")
    active_hours: PromoHours | None = None
    auto_deactivate_on_max_uses: bool = True
    applicable_offers: Annotated[list[AnyOffer], Field(max_length=MOST_OFFERS)] = Field(
        default=[],
        description="Offers by our ids (whole numbers) or by their external ids (texts); none means all.",
        examples=[[1, "survey-7"]],
    )
    is_active: bool = True
    display_order: Place = 0
    terms_and_conditions: Annotated[Printable, Field(max_length=MANY_WORDS)] = ""


class PromoCodeChanges(partial(NewPromoCode)):  # type: ignore[misc]  # made of the other
    """What is to change; the rest stays as it is, and what was earned keeps what it was."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"max_uses": 1000, "version": 3}]})
    version: Version | None = Field(None, description=WHO_WAS_FASTER)


class PromoOpenHours(OpenHours):
    """When a code is open."""

    model_config = ConfigDict(alias_generator=as_it_is)


class PromoCodeOut(SnakeData):
    """An offer code, with its terms and how it stands."""

    id: int
    code: str
    title: str
    description: str
    bonus_type: Kind
    bonus_value: Number
    max_bonus: Number | None
    min_amount: Number
    usage_limit: int | None = Field(alias="max_uses")
    per_user_limit: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    active_hours: PromoOpenHours
    auto_deactivate_on_max_uses: bool
    applicable_offers: list[int] = Field(description="Our ids; none means all.")
    is_active: bool
    status: Status
    used_count: int = Field(alias="usage_count", description="How many conversions have earned by it.")
    auto_deactivated_at: datetime | None
    display_order: int
    terms_and_conditions: str
    version: int


class PromoCodes(SnakeData):
    """Part of a list, by display order, then newest."""

    promo_codes: list[PromoCodeOut]
    total: int


class WhichPromoCodes(Which):
    """Which offer codes."""

    model_config = ConfigDict(alias_generator=as_it_is)


class OfferUses(SnakeData):
    """What a code has paid for one offer."""

    offer_id: int
    offer_name: str
    uses: int
    bonus_cents: CentsOut = Field(alias="total_bonus")
    people: int = Field(alias="unique_users", description="To how many clients.")


class OfferAnalytics(SnakeData):
    """What a code has come to, the most used offer first; what was reversed isn't counted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "BONUS10",
                    "total_uses": 3,
                    "offer_breakdown": [
                        {
                            "offer_id": 1,
                            "offer_name": "Survey",
                            "uses": 3,
                            "total_bonus": 6.5,
                            "unique_users": 2,
                        }
                    ],
                }
            ]
        }
    )
    code: str
    total_uses: int
    offer_breakdown: list[OfferUses]


class UserApplication(SnakeData):
    """A conversion that has earned by a code."""

    user_id: int
    username: str
    email: str = Field(description="Empty of clients who were anonymised.")
    offer_id: int
    offer_name: str = Field(description="As it was called then.")
    applied_at: datetime
    bonus_cents: CentsOut = Field(alias="bonus_earned")
    conversion_id: str


class UserApplications(SnakeData):
    """Part of the uses of a code, newest first; what was reversed isn't among them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "applications": [
                        {
                            "user_id": 12,
                            "username": "ada",
                            "email": "ada@example.com",
                            "offer_id": 1,
                            "offer_name": "Survey",
                            "applied_at": "2026-12-24T16:30:00Z",
                            "bonus_earned": 2.5,
                            "conversion_id": "network-4711",
                        }
                    ],
                    "total": 1,
                    "page": 1,
                    "limit": 20,
                }
            ]
        }
    )
    applications: list[UserApplication]
    total: int
    page: int
    limit: int


class WhichApplications(Paged):
    """Which uses of a code."""

    search: Annotated[Printable, Field(max_length=100)] = Field(
        "", description="Looks in username, e-mail, offer and conversion id."
    )


class NewOffer(SnakeBody):
    """Something that clients complete elsewhere."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "external_id": "survey-7",
                    "name": "Survey about shoes",
                    "category": "surveys",
                    "payout": 2.5,
                    "url": "https://offers.example/survey-7",
                }
            ]
        }
    )
    external_id: Annotated[OneLine, Field(min_length=1, max_length=LONGEST_EXTERNAL_ID)] = Field(
        description="By which other programs know it: the `offerId` of a conversion."
    )
    name: Annotated[OneLine, Field(min_length=1, max_length=128)]
    description: Annotated[Printable, Field(max_length=LONGEST_TEXT)] = ""
    category: Annotated[OneLine, Field(max_length=64)] = ""
    payout: Cents | None = Field(0, description="What it usually pays. What a conversion says counts.")
    url: Annotated[Printable, Field(max_length=LONGEST_URL)] = Field(
        "", description="Where clients complete it: https:// or http://."
    )
    is_active: bool = Field(default=True, description="Shown to clients.")


class OfferChanges(partial(NewOffer)):  # type: ignore[misc]  # made of the other
    """What is to change; the rest stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"payout": 3, "version": 2}]})
    version: Version | None = Field(None, description=WHO_WAS_FASTER)


class OfferOut(SnakeData):
    """An offer."""

    id: int
    external_id: str
    name: str
    description: str
    category: str
    payout: Number
    url: str
    is_active: bool
    version: int


class Offers(SnakeData):
    """Part of a list, newest first."""

    offers: list[OfferOut]
    total: int


class WhichOffers(Listing):
    """Which offers."""

    model_config = ConfigDict(alias_generator=as_it_is)
    search: Annotated[Printable, Field(max_length=100)] = Field("", description="Looks in name, ids and description.")
    category: Annotated[Printable, Field(max_length=64)] = Field("", description="Of exactly this category.")
    is_active: YesOrNo | None = Field(None, description="Switched on or off.")
