"""What an offer network tells of clients: the codes that they apply, the offers that they complete."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from app.api.schemas import THEIR_ID, Body, Cents, CentsOut, Data, Moment, NotBlank, Printable
from app.offers.catalogue import LONGEST_EXTERNAL_ID
from app.offers.models import LONGEST_ID

TheirId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_ID,
        pattern=THEIR_ID,
        description="Your own id of it: printable characters, no space at either end.",
    ),
    NotBlank,
]
OfferId = Annotated[Printable, Field(min_length=1, max_length=LONGEST_EXTERNAL_ID)]
Username = Annotated[Printable, Field(min_length=1, max_length=64, description="The client.")]


class CodeToApply(Body):
    """A code, and on whose account it is put."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "BONUS10", "username": "ada"}]})
    code: Annotated[Printable, Field(min_length=1, max_length=200)]
    username: Username


class AppliedCode(Data):
    """A code on an account."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "BONUS10", "appliedAt": "2026-12-24T16:30:00Z", "usesRemaining": 3}]}
    )
    code: str
    applied_at: datetime
    uses_left: int | None = Field(
        alias="usesRemaining", description="How often it can still earn there; null is without limit."
    )


class NewConversion(Body):
    """That a client has completed an offer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "conversionId": "network-4711",
                    "offerId": "survey-7",
                    "username": "ada",
                    "payout": 2.5,
                    "completedAt": "2026-12-24T17:30:00+01:00",
                }
            ]
        }
    )
    conversion_id: TheirId
    offer_id: OfferId = Field(description="The offer's external id.")
    username: Username
    payout: Cents = Field(description="What it paid: percentages are of this.")
    completed_at: Moment | None = Field(
        None, description="Now if left out. Codes count as of then, or as of now if that is over 24 hours ago."
    )


class RecordedConversion(Data):
    """What a conversion has earned, and by which code."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"conversionId": "network-4711", "bonusEarned": 0.25, "code": "BONUS10"}]}
    )
    conversion_id: str
    bonus_earned: CentsOut
    code: str | None = Field(description="Null where no code on the account gave anything.")


class ReversedConversion(Data):
    """A conversion that was taken back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "conversionId": "network-4711",
                    "bonusReversed": 0.25,
                    "debt": 0,
                    "reversedAt": "2026-12-27T09:00:00Z",
                }
            ]
        }
    )
    conversion_id: str
    bonus_reversed: CentsOut = Field(description="What was taken back from the wallet.")
    debt: CentsOut = Field(description="What of the bonus was no longer there.")
    reversed_at: datetime
