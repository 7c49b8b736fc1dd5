"""What is said of the store over the API, and how."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.api.schemas import CentsOut, Data, Listing, Printable


class WhichOffers(Listing):
    """Which part of what runs, and for whom."""

    username: Annotated[Printable, Field(min_length=1, max_length=64)] | None = Field(
        None, description="Whose progress to tell. Only with a token that may read that person."
    )
    search: Annotated[Printable, Field(max_length=100)] = Field("", description="A part of the title or the code.")


class RewardItem(Data):
    """What a deal gives, by the game's own id."""

    item_id: str
    name: str
    amount: int


class Shown(Data):
    """A promotion that runs now. `claimsLeft` is null without a limit, `code` is null for what needs none."""

    id: int
    kind: str
    title: str
    description: str
    banner: str | None = None
    code: str | None
    reward_items: list[RewardItem] = Field(default_factory=list)
    min_amount: CentsOut
    bonus_type: str | None = Field(None, description="`percentage` or `fixed`; for deals `single` or `recurrent`.")
    starts_at: datetime | None
    ends_at: datetime | None
    claims_left: int | None


class OfferTo(Shown):
    """The same, and how far the person of `username` has come; null where a kind knows no progress."""

    spent: CentsOut | None = None
    progress: float | None = Field(None, description="From 0 to 1.")
    claimable: int | None = None


class Offers(Data):
    """Part of what runs now."""

    server_now: datetime
    promotions: list[OfferTo] | list[Shown]
    total: int
