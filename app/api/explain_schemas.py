"""What is said of any promotion over the API, whatever its kind."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, WrapValidator

from app.api.conversion_schemas import OfferId
from app.api.promotion_schemas import MOST_ITEMS, CartItem, unless_items
from app.api.schemas import Body, Cents, CentsOut, Data, Moment, Printable

WHO = "Whose account and limits count: a username, or the name of somebody who shops without one. Nobody if left out."


class Occasion(Body):
    """Who would use a promotion, for what, and when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-12-24T17:00:00+01:00",
                    "username": "ada",
                    "items": [{"price": 42, "quantity": 1, "category": "design"}],
                },
                {"username": "ada", "offerId": "survey-7", "amount": 42},
                {"username": "ada", "amount": 100},
            ]
        }
    )
    at: Moment | None = Field(None, description="Now if left out. It moves only the clock: counters are today's.")
    username: Annotated[Printable, Field(min_length=1, max_length=64)] | None = Field(None, description=WHO)
    items: Annotated[list[CartItem], Field(max_length=MOST_ITEMS)] | None = Field(
        None, description="Where items are given, the amount is not looked at."
    )
    amount: Annotated[Cents | None, WrapValidator(unless_items)] = Field(
        None,
        description="Of the cart, the payout, or what a member bonus is reckoned on: the deposit, a period's spend, "
        "the friend's deposit. If left out what the offer usually pays, or 0 without one.",
    )
    offer_id: OfferId | None = Field(None, description="The external id of an offer that would be completed.")


class RewardOut(Data):
    """Things to hand out."""

    item_id: str
    name: str
    amount: int


class BenefitOut(Data):
    """What would come of it; null is what its kind doesn't give."""

    discount_amount: CentsOut | None
    bonus_amount: CentsOut | None
    reward_items: list[RewardOut] | None


class RuleOut(Data):
    """One rule: whether it holds, the reason to tell if it doesn't, and what it compared."""

    rule: str
    holds: bool
    reason: str | None
    facts: dict[str, Any]


class ExplanationOut(Data):
    """Whether it applies, what the shopper is told, and every rule in the order in which reasons are told."""

    eligible: bool
    reason: str | None = Field(description="Of the first rule that fails.")
    message: str
    benefit: BenefitOut | None = Field(description="Null where it doesn't apply.")
    verdicts: list[RuleOut]
