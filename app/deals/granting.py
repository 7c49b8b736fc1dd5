"""What was granted, to be looked at and picked up. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import contains_eager

from app.deals.models import PENDING, DealSpend, Grant, PromotionClaim
from app.kit.db import db
from app.kit.lists import Page, paginate_rows
from app.kit.text import fold, like
from app.promotions.models import Promotion


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant with the name that the game knows its owner by, and the title of its deal."""

    grant: Grant
    username: str
    deal_id: int
    deal_title: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many grants of a deal wait to be handed out."""

    deal_id: int
    title: str
    grants: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which grants; what is empty doesn't narrow. `username` is whole, `search` a part of it.

    `is_flagged` are those that were handed out before a refund left too little for them.
    """

    status: str = ""
    username: str = ""
    search: str = ""
    deal_id: int | None = None
    is_flagged: bool = False


def found(which: Which, *, number: int = 1, size: int = 20, offset: int | None = None) -> Page[Granted]:
    """One page of them, newest first."""
    page = paginate_rows(_found(which), number=number, size=size, offset=offset)
    return Page([Granted(*row) for row in page.items], page.total, page.number, page.size)


def counts(deal_id: int, search: str = "") -> dict[str, int]:
    """How many grants of a deal there are by state, of names with this in them; `flagged` ones are delivered too."""
    claims = select(PromotionClaim.id).where(PromotionClaim.promotion_id == deal_id)
    if search.strip():
        claims = claims.where(_named(search))
    of_deal = Grant.claim_id.in_(claims)
    by_status = select(Grant.status, func.count(), func.count(Grant.flagged_at)).where(of_deal).group_by(Grant.status)
    rows = db.session.execute(by_status).all()
    told = {status: number for status, number, _flagged in rows}
    return {**told, "flagged": sum(flagged for _status, _number, flagged in rows)}


def has_pending(deal_id: int) -> bool:
    """Whether something that was claimed still waits to be handed out."""
    claims = select(PromotionClaim.id).where(PromotionClaim.promotion_id == deal_id)
    pending = select(Grant.id).where(Grant.status == "pending", Grant.claim_id.in_(claims))
    return db.session.scalar(pending.limit(1)) is not None


def waiting_since(before: datetime) -> Sequence[Waiting]:
    """The deals of which something that was claimed before this moment still waits, the most of it first."""
    counted = func.count()
    query = (
        select(Promotion.id, Promotion.title, counted)
        .join(PromotionClaim, PromotionClaim.promotion_id == Promotion.id)
        .join(Grant, Grant.claim_id == PromotionClaim.id)
        .where(Grant.status == PENDING, Grant.created_at < before)
        .group_by(Promotion.id, Promotion.title)
        .order_by(counted.desc(), Promotion.id)
    )
    return [Waiting(*row) for row in db.session.execute(query)]


def counted_for(invoice_id: int) -> Sequence[tuple[int, str]]:
    """Id and title of the deals that this payment counts for, as far as it wasn't refunded."""
    rests = (DealSpend.invoice_id == invoice_id, DealSpend.amount_cents > DealSpend.refunded_cents)
    query = select(Promotion.id, Promotion.title).join(DealSpend, DealSpend.promotion_id == Promotion.id).where(*rests)
    return [(deal_id, title) for deal_id, title in db.session.execute(query.order_by(Promotion.id))]


def undone_by(invoice_id: int) -> Sequence[Granted]:
    """What refunds of this invoice revoked or flagged."""
    undone = _granted().where(Grant.refunded_invoice_id == invoice_id).order_by(Grant.id)
    return [Granted(*row) for row in db.session.execute(undone)]


def one(grant_id: int) -> Granted | None:
    """As it is now."""
    row = db.session.execute(_granted().where(Grant.id == grant_id).execution_options(populate_existing=True)).first()
    return Granted(*row) if row else None


def _granted() -> Select[Any]:
    columns: tuple[Any, ...] = (Grant, PromotionClaim.shopper, Promotion.id, Promotion.title)
    granted: Select[Any] = select(*columns)
    of_deal = granted.join(Grant.claim).join(Promotion, Promotion.id == PromotionClaim.promotion_id)
    return of_deal.options(contains_eager(Grant.claim))


def _named(search: str) -> ColumnElement[bool]:
    """The claims of names that have this in them."""
    return PromotionClaim.shopper.ilike(like(search.strip()), escape="\\")


def _found(which: Which) -> Select[Any]:
    query = _granted().order_by(Grant.id.desc())
    if which.status:
        query = query.where(Grant.status == which.status)
    if which.is_flagged:
        query = query.where(Grant.flagged_at.is_not(None))
    if which.username:
        query = query.where(func.lower(PromotionClaim.shopper) == fold(which.username))
    if which.search.strip():
        query = query.where(_named(which.search))
    if which.deal_id is not None:
        query = query.where(PromotionClaim.promotion_id == which.deal_id)
    return query
