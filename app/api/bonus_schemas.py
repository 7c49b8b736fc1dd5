"""What is said of member bonuses over the API, and how: their terms, and what was claimed by them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, RootModel, WithJsonSchema

from app.api.promotion_schemas import MANY_WORDS, Kind, Slugs, Status, Which
from app.api.schemas import (
    Body,
    Cents,
    CentsOut,
    Count,
    Data,
    Moment,
    Number,
    Place,
    Printable,
    Whole,
    partial,
)
from app.bonuses.editing import LONGEST_URL

LARGEST = 2**31 - 1
MOST_GAMES = 200
Type = Literal["deposit", "cashback", "freecredit", "referral"]
Period = Literal["day", "week", "month"]
SLUG = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[^\x00]*$"}
SLUGS = {"type": "array", "items": SLUG, "maxItems": MOST_GAMES}
EXAMPLE: dict[str, Any] = {
    "code": "WELCOME100",
    "name": "Welcome",
    "description": "<p>Your first deposit counts twice.</p>",
    "type": "deposit",
    "bonusType": "percentage",
    "bonusValue": 100,
    "maxBonus": 500,
    "minDeposit": 20,
    "turnoverRequirement": 3,
    "applicableGames": ["slots", "live"],
    "validFrom": "2026-12-01T00:00:00+02:00",
    "validUntil": "2027-01-01T00:00:00+02:00",
    "firstDepositOnly": True,
}
STATS: dict[str, Any] = {
    "promotionId": 1,
    "promotionName": "Welcome",
    "promotionCode": "WELCOME100",
    "totalClaims": 3,
    "activeClaims": 1,
    "completedClaims": 1,
    "cancelledClaims": 1,
    "totalDeposit": 300,
    "totalBonus": 300,
    "totalTurnover": 1250.5,
}


def _parted(value: Any) -> Any:
    """One text with commas between the slugs is a list of them."""
    return [each.strip() for each in value.split(",") if each.strip()] if isinstance(value, str) else value


def _without_default(schema: dict[str, Any]) -> None:
    """What is left out depends on the type, and isn't what null says."""
    schema.pop("default", None)


Games = Annotated[
    Slugs,
    BeforeValidator(_parted),
    WithJsonSchema({"anyOf": [SLUGS, {"type": "string", "pattern": r"^[^\x00,]{0,64}(,[^\x00,]{0,64}){0,199}$"}]}),
]
"""Category slugs, as a list or with commas between them."""

Version = Annotated[
    Annotated[int, Field(ge=1, le=LARGEST), Whole] | None,
    Field(description="The version that the change is made to; 409 when somebody was faster."),
]


class NewBonus(Body):
    """The terms of a member bonus."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    code: Annotated[Printable, Field(max_length=64, json_schema_extra={"pattern": "^[A-Za-z0-9_-]{3,32}$"})] = Field(
        description="Kept in capitals, without outer spaces. Fixed once the bonus is made."
    )
    title: Annotated[Printable, Field(min_length=1, max_length=128)] = Field(alias="name")
    description: Annotated[Printable, Field(max_length=MANY_WORDS)] = Field("", description="Rich text; cleaned.")
    type: Type = Field(description="What it is given for. Fixed once the bonus is made.")
    bonus_type: Kind = Field(description="A `freecredit` has nothing to take a percentage of: it is `fixed`.")
    bonus_value: Annotated[Cents, Field(json_schema_extra={"exclusiveMinimum": 0})] = Field(
        description="Percent of the deposit, the period's spend or the friend's deposit, at most 1000; or an amount."
    )
    max_bonus: Cents | None = Field(None, description="The most that it gives; null is without limit.")
    min_amount: Cents | None = Field(0, alias="minDeposit", description="The least deposit, or spend, that it is for.")
    turnover_requirement: Annotated[Cents | None, Field(json_schema_extra={"maximum": 100})] = Field(
        0, description="How many times deposit and bonus are to be turned over before the bonus is cash: 0 to 100."
    )
    max_withdraw: Cents | None = Field(
        None, description="How much of the bonus becomes cash then; null is all of it, 0 nothing."
    )
    applicable_games: Games = Field(
        default=[],
        description="The category slugs whose purchases count as turnover, as a list or one text with commas between "
        "them; none means all.",
        examples=[["slots", "live"]],
    )
    starts_at: Moment = Field(alias="validFrom", description="From this moment on.")
    ends_at: Moment = Field(alias="validUntil", description="Until just before this moment.")
    usage_limit: Count | None = Field(None, alias="maxUses", description="How often in all; null is without limit.")
    per_user_limit: Count | None = Field(
        None,
        alias="maxUsesPerMember",
        description="How often by one client; null is without limit. If left out, it is 1 for `deposit` and "
        "`freecredit`, and without limit for the others.",
        json_schema_extra=_without_default,
    )
    first_deposit_only: bool = Field(
        default=False, description="For a client's first deposit ever. Without effect on other types than `deposit`."
    )
    cashback_period: Period | None = Field(
        None,
        description="Of a `cashback` only; `month` if left out.",
        json_schema_extra=_without_default,
    )
    friend_bonus: Cents | None = Field(
        None, description="What a `referral` gives the friend. Without effect on other types."
    )
    display_order: Place = 0
    image_url: Annotated[Printable, Field(max_length=LONGEST_URL)] | None = Field(
        None, description="Where its picture is: https:// or http://."
    )
    terms_and_conditions: Annotated[Printable, Field(max_length=MANY_WORDS)] = ""
    auto_apply: bool = Field(
        default=False,
        description="Given on a deposit for which no bonus was chosen. Without effect on other types than `deposit`.",
    )
    is_active: bool = True


class BonusChanges(partial(NewBonus)):  # type: ignore[misc]  # made of the other
    """What is to change; the rest stays as it is, and what was claimed keeps what it was promised."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"validUntil": "2027-02-01T00:00:00+02:00", "version": 3}]}
    )
    version: Version = None


class _Switch(Body):
    is_active: bool = Field(description="On or off; left out, whichever it isn't.")


class SwitchOfBonus(partial(_Switch)):  # type: ignore[misc]  # made of the other
    """Whether it is switched on. Nothing at all switches it to the other side."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"isActive": False}]})
    version: Version = None

    @classmethod
    def public_name(cls, name: str) -> str:
        """A refusal may be about terms that aren't sent here: they are called as in the whole body."""
        return NewBonus.public_name(name)


class BonusOut(Data):
    """A member bonus, with its terms and how it stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    **EXAMPLE,
                    "maxWithdraw": None,
                    "validFrom": "2026-11-30T22:00:00Z",
                    "validUntil": "2026-12-31T22:00:00Z",
                    "maxUses": None,
                    "maxUsesPerMember": 1,
                    "cashbackPeriod": None,
                    "friendBonus": None,
                    "displayOrder": 0,
                    "imageUrl": None,
                    "termsAndConditions": "",
                    "autoApply": False,
                    "isActive": True,
                    "status": "active",
                    "currentUses": 12,
                    "version": 1,
                    "createdAt": "2026-11-28T09:00:00Z",
                    "updatedAt": "2026-11-28T09:00:00Z",
                }
            ]
        }
    )
    id: int
    code: str
    title: str = Field(alias="name")
    description: str
    type: Type
    bonus_type: Kind
    bonus_value: Number
    max_bonus: Number | None
    min_amount: Number = Field(alias="minDeposit")
    turnover_requirement: Number
    max_withdraw: Number | None
    applicable_games: list[str]
    starts_at: datetime = Field(alias="validFrom")
    ends_at: datetime = Field(alias="validUntil")
    usage_limit: int | None = Field(alias="maxUses")
    per_user_limit: int | None = Field(alias="maxUsesPerMember")
    first_deposit_only: bool
    cashback_period: Period | None
    friend_bonus: Number | None
    display_order: int
    image_url: str | None = Field(description="The address that was given, else that of the picture uploaded here.")
    terms_and_conditions: str
    auto_apply: bool
    is_active: bool
    status: Status
    used_count: int = Field(alias="currentUses", description="How many claims have taken a use and not given it back.")
    version: int
    created_at: datetime
    updated_at: datetime


class Bonuses(Data):
    """Part of a list, by display order, then newest."""

    promotions: list[BonusOut]
    total: int


class WhichBonuses(Which):
    """Which member bonuses."""

    search: Annotated[Printable, Field(max_length=100)] = Field("", description="Looks in code and name.")
    status: Status | None = Field(None, description="Archived bonuses are listed only where asked for.")
    type: Type | None = Field(None, description="Only those of this type.")


class BonusStats(Data):
    """What was claimed by a bonus: claims by state, and what was deposited, given and turned over."""

    model_config = ConfigDict(json_schema_extra={"examples": [STATS]})
    promotion_id: int
    promotion_name: str
    promotion_code: str
    total_claims: int
    active_claims: int
    completed_claims: int
    cancelled_claims: int
    total_deposit_cents: CentsOut = Field(alias="totalDeposit")
    total_bonus_cents: CentsOut = Field(alias="totalBonus", description="As it was granted, whatever came of it.")
    total_turnover_cents: CentsOut = Field(alias="totalTurnover", description="Up to what each claim requires.")


class AllBonusStats(RootModel[list[BonusStats]]):
    """The same of every bonus there is, by their numbers."""

    model_config = ConfigDict(json_schema_extra={"examples": [[STATS]]})
