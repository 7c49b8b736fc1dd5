"""What is said of deals over the API, and how: their terms, and how far people have come on them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from app.api.promotion_schemas import MANY_WORDS, Status
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
    partial,
)
from app.api.store_schemas import RewardItem
from app.deals.editing import LONGEST_BANNER, MOST_ITEMS

Type = Literal["single", "recurrent"]
Search = Annotated[Printable, Field(max_length=100)]


class Reward(Body):
    """What a claim gives of one thing."""

    item_id: Annotated[Printable, Field(min_length=1, max_length=64)] = Field(description="By which the game knows it.")
    name: Annotated[Printable, Field(max_length=128)] = Field("", description="The catalogue's name if left out.")
    amount: Annotated[int, Field(ge=1, le=2**31 - 1), Whole]


class NewDeal(Body):
    """The terms of a deal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Gold rush",
                    "description": "<p>Spend 50 and get gold.</p>",
                    "rewardItems": [{"itemId": "gold", "name": "Gold", "amount": 100}],
                    "minAmount": 50,
                    "bonusType": "recurrent",
                    "globalClaimLimit": 500,
                    "startAt": "2026-12-01T00:00:00+02:00",
                    "endAt": "2027-01-01T00:00:00+02:00",
                    "banner": "Gold rush: {left} left",
                }
            ]
        }
    )
    title: Annotated[Printable, Field(min_length=1, max_length=128)]
    description: Annotated[Printable, Field(max_length=MANY_WORDS)] = Field("", description="Rich text; cleaned.")
    reward_items: Annotated[list[Reward], Field(min_length=1, max_length=MOST_ITEMS)] = Field(
        description="What each claim gives, every item once."
    )
    min_amount: Annotated[Cents, Field(json_schema_extra={"exclusiveMinimum": 0})] = Field(
        description="What must be spent while it runs."
    )
    bonus_type: Type = Field("single", description="Claimed once by each person, or again and again.")
    per_user_limit: Count | None = Field(
        None, alias="claimLimitPerUser", description="How often by one person; null is without limit."
    )
    usage_limit: Count | None = Field(
        None, alias="globalClaimLimit", description="How often in all; null is without limit."
    )
    starts_at: Moment = Field(alias="startAt", description="From this moment on.")
    ends_at: Moment = Field(alias="endAt", description="Until just before this moment.")
    is_active: bool = True
    auto_claim: bool = Field(default=False, description="Claimed by itself when enough is spent.")
    banner: Annotated[Printable, Field(max_length=LONGEST_BANNER)] | None = Field(
        None, description="On top of the store; `{left}` becomes the countdown."
    )
    requires_account: bool = False
    auto_deactivate_on_max_uses: bool = True
    display_order: Place = 0
    terms_and_conditions: Annotated[Printable, Field(max_length=MANY_WORDS)] = ""


class DealChanges(partial(NewDeal)):  # type: ignore[misc]  # made of the other
    """What is to change; the rest stays as it is, and what was claimed keeps what it was promised."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"endAt": "2027-02-01T00:00:00+02:00", "version": 3}]})
    version: Annotated[int, Field(ge=1, le=2**31 - 1), Whole] | None = Field(
        None, description="The version that the change is made to; 409 when somebody was faster."
    )


class DealOut(Data):
    """A deal, with its terms and how it stands."""

    id: int
    title: str
    description: str
    reward_items: list[RewardItem]
    min_amount: Number
    bonus_type: Type
    per_user_limit: int | None = Field(alias="claimLimitPerUser")
    usage_limit: int | None = Field(alias="globalClaimLimit")
    used_count: int = Field(alias="claimedGlobal", description="How many claims are live.")
    starts_at: datetime = Field(alias="startAt")
    ends_at: datetime = Field(alias="endAt")
    is_active: bool
    auto_claim: bool
    banner: str | None
    requires_account: bool
    auto_deactivate_on_max_uses: bool
    auto_deactivated_at: datetime | None
    display_order: int
    terms_and_conditions: str
    version: int
    status: Status


class Deals(Data):
    """Part of a list, by display order, then newest."""

    deals: list[DealOut]
    total: int


class WhichPeople(Listing):
    """Which of those who have spent on a deal."""

    search: Search = Field("", description="A part of the name.")


class Somebody(Data):
    """How far somebody has come on a deal."""

    username: str
    spent: CentsOut = Field(description="What they paid while it ran, less refunds.")
    progress: float = Field(description="From 0 to 1: 1 while something is claimable or nothing more can be earned.")
    claim_count: int
    claimable: int
    claimed_ingame: Literal[0, 1] = Field(description="1 when something was handed out and nothing waits.")


class People(Data):
    """Part of those who have spent on a deal, whoever has spent most first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "progress": [
                        {
                            "username": "ada",
                            "spent": 62.5,
                            "progress": 0.25,
                            "claimCount": 1,
                            "claimable": 0,
                            "claimedIngame": 1,
                        }
                    ],
                    "total": 1,
                }
            ]
        }
    )
    progress: list[Somebody]
    total: int
