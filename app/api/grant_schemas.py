"""What is said of grants over the API, and how."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from app.api.schemas import Data, Listing, Printable
from app.api.store_schemas import RewardItem

Status = Literal["pending", "delivered", "revoked"]


class WhichGrants(Listing):
    """Which grants."""

    status: Status | None = Field(
        None, description="`pending` waits for the game, `revoked` was taken back after a refund."
    )
    username: Annotated[Printable, Field(min_length=1, max_length=64)] | None = Field(None, description="Whose.")
    search: Annotated[Printable, Field(max_length=100)] = Field("", description="A part of the username.")


class GrantOut(Data):
    """What somebody has claimed, as it was promised then."""

    id: int
    username: str
    deal_title: str
    items: list[RewardItem]
    status: Status
    created_at: datetime


class Grants(Data):
    """Part of what was claimed, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "grants": [
                        {
                            "id": 12,
                            "username": "ada",
                            "dealTitle": "Gold rush",
                            "items": [{"itemId": "gold", "name": "Gold", "amount": 100}],
                            "status": "pending",
                            "createdAt": "2026-12-24T17:00:00Z",
                        }
                    ],
                    "total": 1,
                }
            ]
        }
    )
    grants: list[GrantOut]
    total: int
