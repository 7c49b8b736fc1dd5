"""Who has come how far on one deal, for those who run it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from app.deals.editing import get, terms_of
from app.deals.models import PromotionClaim
from app.deals.rules import DealTerms, Standing, Tally, stand
from app.kit.db import db
from app.kit.lists import Page, paginate
from app.kit.text import like


@dataclass(frozen=True, slots=True)
class Somebody:
    """Somebody who has spent on a deal: their name, whether they have an account, and how far they have come."""

    username: str
    has_account: bool
    standing: Standing
    is_in_game: bool
    last_claimed_at: datetime | None
    user_id: int | None = None


def progress(
    deal_id: int, *, search: str = "", number: int = 1, size: int = 20, offset: int | None = None
) -> Page[Somebody]:
    """One page of them, whoever has spent most first. Raises NotFound."""
    terms, left = _terms_and_left(deal_id)
    page = paginate(_claims(deal_id, search), number=number, size=size, offset=offset)
    return Page([_somebody(each, terms, left) for each in page.items], page.total, page.number, page.size)


def everybody(deal_id: int) -> Sequence[Somebody]:
    """All of them. Raises NotFound."""
    terms, left = _terms_and_left(deal_id)
    return [_somebody(each, terms, left) for each in db.session.scalars(_claims(deal_id, ""))]


def _terms_and_left(deal_id: int) -> tuple[DealTerms, int | None]:
    deal = get(deal_id)
    limit = deal.promotion.usage_limit
    return terms_of(deal), None if limit is None else max(0, limit - deal.promotion.used_count)


def _claims(deal_id: int, search: str) -> Select[PromotionClaim]:
    query = select(PromotionClaim).where(PromotionClaim.promotion_id == deal_id)
    if search.strip():
        query = query.where(PromotionClaim.shopper.ilike(like(search.strip()), escape="\\"))
    return query.order_by(PromotionClaim.spent_cents.desc(), PromotionClaim.claim_count.desc(), PromotionClaim.id)


def _somebody(claim: PromotionClaim, terms: DealTerms, left: int | None) -> Somebody:
    tally = Tally(claim.spent_cents, claim.claim_count)
    user_id = int(claim.person[5:]) if claim.person.startswith("user:") else None
    standing = stand(terms, tally, tally, left)
    is_in_game, last_claimed_at = claim.claimed_ingame, claim.last_claimed_at
    return Somebody(claim.shopper, user_id is not None, standing, is_in_game, last_claimed_at, user_id)
