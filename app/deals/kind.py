"""What deals tell the engine about themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.deals import editing, granting
from app.deals.models import KIND, Deal, PromotionClaim
from app.deals.replaying import replay
from app.deals.rules import OWN_RULES, DealTerms, Tally, benefit_of, next_claim
from app.deals.standings import facts_of, progress_of
from app.deals.words import items_in_words, sentence
from app.kit.db import db
from app.promotions.kinds import Figure, Kind
from app.promotions.words import money


def badge(deal: Deal | DealTerms) -> str:
    """`Spend $50.00`, `Every $50.00`."""
    cents = deal.min_amount_cents if isinstance(deal, DealTerms) else deal.promotion.min_amount_cents
    told = {"single": _("Spend %(amount)s"), "recurrent": _("Every %(amount)s")}
    return told[deal.bonus_type] % {"amount": money(cents)}


def gives(deal: Deal) -> str:
    """`100 × Gold, 1 × Sword`."""  # noqa: RUF002
    return items_in_words(deal.reward_items)


def statistics(promotion_id: int) -> Sequence[Figure]:
    """What was spent on it, by how many people, and what became of what they claimed."""
    people, spent = db.session.execute(
        select(func.count(), func.coalesce(func.sum(PromotionClaim.spent_cents), 0)).where(
            PromotionClaim.promotion_id == promotion_id, PromotionClaim.spent_cents > 0
        )
    ).one()
    granted = granting.counts(promotion_id)
    told = (
        ("clock", _("Waiting for the game"), granted.get("pending", 0)),
        ("gift", _("Handed out"), granted.get("delivered", 0)),
        ("undo-2", _("Taken back after a refund"), granted.get("revoked", 0)),
        ("triangle-alert", _("Handed out, then refunded"), granted["flagged"]),
    )
    return (
        Figure(_("Spent on it"), money(int(spent)), "banknote"),
        Figure(_("Shoppers"), format_decimal(people), "users"),
        *(Figure(label, format_decimal(number), icon) for icon, label, number in told),
    )


def measured(terms: DealTerms, amount_cents: int, facts: Mapping[str, Any]) -> tuple[DealTerms, int]:
    """What the next claim of theirs takes in all, and what they have spent so far with this on top."""
    return next_claim(terms, Tally(facts["spent_cents"], facts["live"]), amount_cents)


def offered(deal: Deal) -> Mapping[str, Any]:
    """What the public list says of it."""
    return {"bonus_type": deal.bonus_type, "banner": deal.banner, "reward_items": deal.reward_items}


DEAL = Kind(
    name=KIND,
    label=_l("Deal"),
    icon="gift",
    group="store",
    own=Deal,
    types={"single": _l("Once"), "recurrent": _l("Again and again")},
    type_column=Deal.bonus_type,
    type_of=lambda deal: str(deal.bonus_type),
    badge=badge,
    gives=gives,
    rules=OWN_RULES,
    terms_of=editing.terms_now,
    facts_of=facts_of,
    measured=measured,
    benefit=benefit_of,
    sentence=sentence,
    statistics=statistics,
    has_active=granting.has_pending,
    outlives=True,
    fields_of=lambda promotion_id: editing.fields_of(editing.get(promotion_id)),
    faults=editing.faults,
    create=editing.create,
    change=editing.update,
    remove=editing.remove,
    terms_from=editing.terms_of,
    offered=offered,
    progress_of=progress_of,
    is_for_all=True,
    replays="payments",
    replay=replay,
)
