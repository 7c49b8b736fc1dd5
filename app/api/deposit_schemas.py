"""What other programs tell of clients: deposits that they have taken, and what was played outside of the store."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from app.api.conversion_schemas import TheirId, Username
from app.api.schemas import Body, Cents, CentsOut, Data, Printable

Some = Annotated[Cents, Field(gt=0, json_schema_extra={"exclusiveMinimum": 0})]
"""An amount of which there is some."""


class NewDeposit(Body):
    """That a client's money has come."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"depositId": "bank-4711", "username": "ada", "amount": 100, "promotionCode": "WELCOME100"},
            ]
        }
    )
    deposit_id: TheirId
    username: Username
    amount: Some
    promotion_code: Annotated[Printable, Field(max_length=200)] | None = Field(
        None, description="The bonus that was chosen; if left out, the best one that applies by itself is given."
    )


class BonusGiven(Data):
    """The deposit has brought a bonus."""

    applied: Literal[True] = True
    bonus_amount: CentsOut


class NoBonusGiven(Data):
    """The bonus that was chosen gives nothing on it."""

    applied: Literal[False] = False
    reason: str = Field(description="The reason code, such as `min_amount_not_met`; `message` tells it in a sentence.")


class RecordedDeposit(Data):
    """A deposit that is in the client's wallet, and what came of a bonus."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"depositId": "bank-4711", "balance": 120, "promotion": {"applied": True, "bonusAmount": 100}},
            ]
        }
    )
    deposit_id: str
    balance: CentsOut = Field(description="The client's cash right after it.")
    promotion: BonusGiven | NoBonusGiven | None = Field(
        description="Null where none was chosen and none applies by itself."
    )


class NewTurnover(Body):
    """What a client has played outside of the store."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"eventId": "round-4711", "username": "ada", "amount": 12.5, "category": "slots"}]
        }
    )
    event_id: TheirId
    username: Username
    amount: Some
    category: Annotated[Printable, Field(max_length=64)] | None = Field(
        None, description="A category's slug. Bonuses for certain categories count nothing else."
    )


class RecordedTurnover(Data):
    """Turnover that has counted, once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"eventId": "round-4711", "amount": 12.5}]})
    event_id: str
    amount: CentsOut
