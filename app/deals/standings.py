"""How far people have come on deals. Reads only.

Whoever shops without an account is only shown what rests on what they bought themselves: a name is no key.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, false, func, or_, select

from app.accounts.persons import Person
from app.deals.models import KIND, REVOKED, DealSpend, Grant, PromotionClaim
from app.deals.rules import STEPS, DealTerms, Standing, Tally, part_of, stand
from app.kit.db import db
from app.promotions import active
from app.promotions.active import Offer, Shown
from app.promotions.rules import Terms

FEW = 20
NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who looks. Without an account: this session, and the invoices that it opened by their signed links."""

    person: Person
    visit: str | None = None
    opened: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A deal that runs, as somebody is shown it; `standing` is None for whoever has no name yet.

    `ahead` is the progress that there would be if the open cart were paid now.
    """

    shown: Shown
    left: int | None
    standing: Standing | None
    ahead: float

    @property
    def terms(self) -> DealTerms:
        return as_deal(self.shown.terms)

    def is_for(self, person: Person | None) -> bool:
        """Whether this person may claim it at all: some deals are for accounts."""
        return not self.terms.requires_account or (person is not None and person.has_account)

    @property
    def missing_cents(self) -> int:
        """What is missing for the next claim."""
        return self.standing.missing_cents if self.standing else self.terms.min_amount_cents

    @property
    def percent(self) -> int:
        """The progress in whole percent, cut."""
        return percent_of(self.standing.progress) if self.standing else 0

    @property
    def percent_ahead(self) -> int:
        """The same, were the open cart paid."""
        return percent_of(self.ahead)

    @property
    def is_nearly_gone(self) -> bool:
        """Whether there are so few left that people want to know."""
        return self.left is not None and 0 < self.left <= FEW

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to earn: for them, or for anybody."""
        return self.left == 0 if self.standing is None else self.standing.is_done


def as_deal(terms: Terms) -> DealTerms:
    """The terms of what is known to be a deal."""
    assert isinstance(terms, DealTerms)
    return terms


def percent_of(part: float) -> int:
    """A part of a threshold, as `part_of` tells it, in whole percent: 100 only for all of it."""
    return round(part * STEPS) * 100 // STEPS


def cards(
    shopper: Shopper | None, cart_cents: int, now: datetime, running: Sequence[Offer] | None = None
) -> Sequence[Card]:
    """Every deal that runs now, in the order of lists, those that are used up too.

    One statement for the counters, unless what is `running` is in hand, one for somebody's progress, one more when the
    cache is cold.
    """
    deals = of_deals(active.running(now) if running is None else running)
    told = tallies(shopper, [each.shown.id for each in deals]) if shopper and deals else {}
    return [_card(each, told.get(each.shown.id, (NOTHING, NOTHING)) if shopper else None, cart_cents) for each in deals]


def of_deals(running: Sequence[Offer]) -> Sequence[Offer]:
    """The deals among these."""
    return [offer for offer in running if offer.shown.kind == KIND]


def tallies(shopper: Shopper, deal_ids: Collection[int]) -> Mapping[int, tuple[Tally, Tally]]:
    """For each deal on which something was spent: what they may see, and what limits count. One statement."""
    name = (PromotionClaim.promotion_id, PromotionClaim.spent_cents, PromotionClaim.claim_count)
    own: tuple[Any, ...] = name[1:]
    if not shopper.person.has_account:
        own = (_spent_by(shopper), _claimed_by(shopper))
    mine = and_(PromotionClaim.person == shopper.person.key, PromotionClaim.promotion_id.in_(deal_ids))
    found = db.session.execute(select(*name, *own).where(mine))
    return {each[0]: (Tally(int(each[3]), int(each[4])), Tally(each[1], each[2])) for each in found}


def standing_of(terms: DealTerms, told: tuple[Tally, Tally], left: int | None) -> Standing:
    """How far the shopper of these tallies has come."""
    mine, all_of_name = told
    return stand(terms, mine, all_of_name, left)


def progress_of(person: Person, deal_ids: Sequence[int], now: datetime) -> Mapping[int, Mapping[str, Any]]:
    """All that a person has reached on these, whatever session it was in; for those who may read it."""
    told = _by_name(person, deal_ids)
    running = {each.shown.id: each for each in active.running(now) if each.shown.id in deal_ids}
    found = {}
    for deal_id, offer in running.items():
        terms, tally = as_deal(offer.shown.terms), told.get(deal_id, NOTHING)
        standing = stand(terms, tally, tally, offer.left)
        found[deal_id] = {
            "spent": standing.spent_cents,
            "progress": standing.progress,
            "claimable": standing.claimable,
        }
    return found


def facts_of(person: Person | None, promotion_id: int) -> dict[str, Any]:
    """What somebody has spent on a deal so far, and how many of their claims are live."""
    tally = _by_name(person, [promotion_id]).get(promotion_id, NOTHING) if person else NOTHING
    return {"spent_cents": tally.spent_cents, "live": tally.live}


def _by_name(person: Person, deal_ids: Collection[int]) -> dict[int, Tally]:
    mine = and_(PromotionClaim.person == person.key, PromotionClaim.promotion_id.in_(deal_ids))
    found = db.session.execute(
        select(PromotionClaim.promotion_id, PromotionClaim.spent_cents, PromotionClaim.claim_count).where(mine)
    )
    return {each[0]: Tally(each[1], each[2]) for each in found}


def _spent_by(shopper: Shopper) -> ScalarSelect[Any]:
    theirs = or_(_of_session(DealSpend.visit, shopper), DealSpend.invoice_id.in_(shopper.opened))
    net = func.coalesce(func.sum(DealSpend.amount_cents - DealSpend.refunded_cents), 0)
    same = (DealSpend.promotion_id == PromotionClaim.promotion_id, DealSpend.person == PromotionClaim.person)
    return select(net).where(*same, theirs).correlate(PromotionClaim).scalar_subquery()


def _claimed_by(shopper: Shopper) -> ScalarSelect[Any]:
    live = (Grant.claim_id == PromotionClaim.id, _of_session(Grant.visit, shopper), Grant.status != REVOKED)
    return select(func.count()).where(*live).correlate(PromotionClaim).scalar_subquery()


def _of_session(visit: Any, shopper: Shopper) -> ColumnElement[bool]:
    """What no session may see any more has no visit: a session that has none yet must not take it for its own."""
    return false() if shopper.visit is None else visit == shopper.visit


def _card(offer: Offer, told: tuple[Tally, Tally] | None, cart_cents: int) -> Card:
    terms = as_deal(offer.shown.terms)
    if told is None:
        return Card(offer.shown, offer.left, None, part_of(terms, cart_cents))
    standing = standing_of(terms, told, offer.left)
    ahead = 1.0 if standing.progress == 1 else _part_with(terms, standing, cart_cents)
    return Card(offer.shown, offer.left, standing, ahead)


def _part_with(terms: DealTerms, standing: Standing, cart_cents: int) -> float:
    """The part of the threshold that is reached with so much more."""
    return part_of(terms, max(0, terms.min_amount_cents - standing.missing_cents + cart_cents))
