"""What people spend, and get back, on the deals that run. Callers own the transaction.

Locks are taken in one order: the claims of a person by the number of their deal, then promotions by number.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert

from app.accounts.persons import Person
from app.deals import claiming
from app.deals.models import DELIVERED, PENDING, REVOKED, Deal, DealSpend, Grant, PromotionClaim
from app.deals.rules import Held, Settlement, settle
from app.kit.db import Base, db, insert
from app.promotions import service as promotions
from app.promotions.models import Promotion


def count_spend(  # noqa: PLR0913
    invoice_id: int, person: Person, *, amount_cents: int, visit: str | None, paid_at: datetime, now: datetime
) -> None:
    """Let a paid invoice count for every deal whose window holds `paid_at`, switched on or not; the same invoice once.

    Where a deal claims by itself and its threshold is passed now, it is claimed, as of `paid_at`. Raises nothing that
    has to do with claims.
    """
    if amount_cents <= 0:
        return
    deals = _running_at(paid_at)
    counted = _write_down(deals, invoice_id, person, amount_cents=amount_cents, visit=visit, paid_at=paid_at)
    if not counted:
        return
    _add(counted, person, amount_cents, now)
    for deal in deals:
        if deal.auto_claim and deal.id in counted:
            claiming.claim_by_itself(deal.id, person, visit=visit, invoice_id=invoice_id, as_of=paid_at, now=now)


def take_back(invoice_id: int, amount_cents: int, now: datetime) -> None:
    """So much of an invoice was refunded: it no longer counts, and grants that it carried go, or are flagged.

    Grants that nobody has handed out yet are revoked and their uses given back; those that were stay, and are flagged.
    """
    if amount_cents <= 0:
        return
    spends = db.session.execute(
        update(DealSpend)
        .where(DealSpend.invoice_id == invoice_id)
        .values(refunded_cents=DealSpend.refunded_cents + amount_cents)
        .returning(DealSpend.promotion_id, DealSpend.person)
        .execution_options(synchronize_session=False)
    ).all()
    if not spends:
        return
    theirs = tuple_(PromotionClaim.promotion_id, PromotionClaim.person)
    for claim in lock_claims(theirs.in_([(each.promotion_id, each.person) for each in spends])):
        claim.spent_cents -= amount_cents
        claim.updated_at = now
        if claim.claim_count:
            _settle(claim, invoice_id, now)
    db.session.flush()


def hand_over(invoice_ids: Sequence[int], name: Person, user: Person, now: datetime) -> None:
    """These invoices, ordered under a name, belong to an account now: what they count for goes there.

    Not where the name has claimed something: then it stays, as claims go on counting for who made them. The session
    that paid loses sight of all of it.
    """
    spends = db.session.scalars(
        select(DealSpend).where(DealSpend.invoice_id.in_(invoice_ids), DealSpend.person == name.key)
    ).all()
    deal_ids = {each.promotion_id for each in spends}
    for claim in lock_claims(PromotionClaim.promotion_id.in_(deal_ids), PromotionClaim.person == name.key):
        theirs = [each for each in spends if each.promotion_id == claim.promotion_id]
        if claim.claim_count:
            _hide(claim.id, {each.visit for each in theirs})
        else:
            net = sum(each.amount_cents - each.refunded_cents for each in theirs)
            claim.spent_cents -= net
            _add([claim.promotion_id], user, net, now)
        for each in theirs:
            each.person, each.visit = (name.key if claim.claim_count else user.key), None
    db.session.flush()


def lock_claims(*conditions: ColumnElement[bool]) -> Sequence[PromotionClaim]:
    """These claims as they are now, by the number of their deal, which nobody else changes before the end."""
    query = select(PromotionClaim).where(*conditions).order_by(PromotionClaim.promotion_id, PromotionClaim.person)
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def _running_at(moment: datetime) -> Sequence[Row[int, bool]]:
    """The deals whose window holds this moment; none of them can be deleted before the transaction ends."""
    query = select(Promotion.id, Deal.auto_claim).join(Deal, Deal.promotion_id == Promotion.id)
    window = (Promotion.starts_at <= moment, Promotion.ends_at > moment, Promotion.archived_at.is_(None))
    held = query.where(*window).order_by(Promotion.id).with_for_update(read=True, key_share=True, of=Promotion)
    return db.session.execute(held).all()


def _write_down(deals: Sequence[Row[int, bool]], invoice_id: int, person: Person, **spent: Any) -> Sequence[int]:
    """Note what the invoice counts for; the deals for which it hadn't been noted before."""
    if not deals:
        return []
    noted = _for_each(DealSpend, [each.id for each in deals], invoice_id=invoice_id, person=person.key, **spent)
    return db.session.scalars(
        noted.on_conflict_do_nothing(index_elements=["promotion_id", "invoice_id"]).returning(DealSpend.promotion_id)
    ).all()


def _add(deal_ids: Sequence[int], person: Person, amount_cents: int, now: datetime) -> None:
    """Add to what somebody has spent on each of these; whoever comes first makes the row."""
    added = _for_each(
        PromotionClaim,
        deal_ids,
        person=person.key,
        shopper=person.name,
        total_spent_during_promo=amount_cents,
        claim_count=0,
        claimed_ingame=False,
        created_at=now,
        updated_at=now,
    )
    new = added.excluded
    db.session.execute(
        added.on_conflict_do_update(
            index_elements=["promotion_id", "person"],
            set_={
                "total_spent_during_promo": PromotionClaim.spent_cents + new.total_spent_during_promo,
                "shopper": new.shopper,
                "updated_at": new.updated_at,
            },
        ),
        execution_options={"synchronize_session": False},
    )


def _for_each(model: type[Base], deal_ids: Sequence[int], **values: Any) -> PostgresInsert:
    """An INSERT of a row for each of these deals, by their number: one statement and one plan, however many."""
    columns = model.__table__.c
    same = [literal(value, columns[name].type) for name, value in values.items()]
    rows = select(Promotion.id, *same).where(Promotion.id.in_(deal_ids)).order_by(Promotion.id)
    return insert(model).from_select(["promotion_id", *values], rows)


def _settle(claim: PromotionClaim, invoice_id: int, now: datetime) -> None:
    """Let grants go that the spend no longer carries. The claim is locked, so none is handed out meanwhile."""
    live = select(Grant).where(Grant.claim_id == claim.id, Grant.status != REVOKED)
    grants = db.session.scalars(live.order_by(Grant.id).execution_options(populate_existing=True)).all()
    held = [Held(each.id, each.needs_cents, each.status == PENDING, each.flagged_at is not None) for each in grants]
    settlement = settle(held, claim.spent_cents)
    _carry_out(settlement, {each.id: each for each in grants}, invoice_id, now)
    claim.claim_count -= len(settlement.revoked)
    claim.claimed_ingame = is_in_game([each.status for each in grants])
    db.session.flush()
    for grant_id in settlement.revoked:
        promotions.give_back(claiming.purpose(grant_id), now)


def _carry_out(settlement: Settlement, grants: dict[int, Grant], invoice_id: int, now: datetime) -> None:
    for grant_id in settlement.revoked:
        grant = grants[grant_id]
        grant.status, grant.revoked_at, grant.refunded_invoice_id = REVOKED, now, invoice_id
    for grant_id in settlement.flagged:
        grant = grants[grant_id]
        grant.flagged_at, grant.refunded_invoice_id = now, invoice_id
    for grant_id, needs_cents in settlement.moved:
        grants[grant_id].needs_cents = needs_cents


def is_in_game(statuses: Sequence[str]) -> bool:
    """Whether at least one grant was handed out and none waits."""
    return DELIVERED in statuses and PENDING not in statuses


def _hide(claim_id: int, visits: set[str | None]) -> None:
    db.session.execute(
        update(Grant)
        .where(Grant.claim_id == claim_id, Grant.visit.in_(visits - {None}))
        .values(visit=None)
        .execution_options(synchronize_session=False)
    )
