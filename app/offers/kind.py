"""What offer codes tell the engine about themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import format_decimal, format_percent, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.accounts.models import User
from app.accounts.persons import Person
from app.kit.db import db
from app.offers import editing
from app.offers.models import APPLIED, KIND, OfferApplication, OfferCode, UserPromoCode
from app.offers.rules import OWN_RULES, OfferTerms, benefit_of
from app.offers.words import sentence
from app.promotions.kinds import Figure, Kind
from app.promotions.words import money


def badge(own: OfferCode | OfferTerms) -> str:
    """`20% bonus`, `$5.00 bonus`."""
    if own.bonus_type == "percentage":
        return _("%(part)s bonus", part=format_percent(own.bonus_value / 10_000, "#,##0.##%"))
    return _("%(part)s bonus", part=money(own.bonus_value))


def promise(terms: OfferTerms) -> str:
    """`25% of the payout, at most $20.00`; nothing of a fixed bonus, which is the same for every payout."""
    if terms.bonus_type != "percentage":
        return ""
    part = _("%(part)s of the payout", part=format_percent(terms.bonus_value / 10_000, "#,##0.##%"))
    if terms.max_bonus_cents is None:
        return part
    return _("%(part)s, at most %(amount)s", part=part, amount=money(terms.max_bonus_cents))


def measured(terms: OfferTerms, amount_cents: int, facts: Mapping[str, Any]) -> tuple[OfferTerms, int]:
    """The payout; one that is left open is as high as it must be."""
    return terms, max(amount_cents, terms.min_amount_cents) if facts.get("is_payout_open") else amount_cents


def statistics(promotion_id: int) -> Sequence[Figure]:
    """On how many accounts it is, and what it has given to how many clients."""
    on_accounts = select(func.count()).where(
        UserPromoCode.promotion_id == promotion_id, UserPromoCode.status == APPLIED
    )
    uses, given, people, accounts = db.session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(OfferApplication.bonus_cents), 0),
            func.count(OfferApplication.user_id.distinct()),
            on_accounts.scalar_subquery(),
        ).where(OfferApplication.promotion_id == promotion_id, OfferApplication.reversed_at.is_(None))
    ).one()
    return (
        Figure(_("Bonus earned"), money(int(given)), "badge-dollar-sign", average(int(given), uses)),
        Figure(_("Clients"), format_decimal(people), "users", _("each counted once")),
        Figure(_("On accounts"), format_decimal(accounts), "user-check", _("at this moment")),
    )


def average(cents: int, uses: int) -> str:
    """`$2.75 on average`; nothing without any use."""
    return _("%(amount)s on average", amount=money(round(cents / uses))) if uses else ""


def accounts_with(promotion_ids: Sequence[int]) -> Mapping[int, int]:
    """On how many accounts each of these is now, in one statement; those that are on none aren't among them."""
    counted = select(UserPromoCode.promotion_id, func.count()).where(
        UserPromoCode.promotion_id.in_(promotion_ids), UserPromoCode.status == APPLIED
    )
    rows = db.session.execute(counted.group_by(UserPromoCode.promotion_id))
    return {row[0]: row[1] for row in rows}


def gives(own: OfferCode) -> str:
    """`at most $20.00, for 2 offers`; nothing of what isn't limited."""
    told = []
    if own.max_bonus_cents is not None:
        told.append(_("at most %(amount)s", amount=money(own.max_bonus_cents)))
    if own.applicable_offers:
        told.append(ngettext("for %(num)d offer", "for %(num)d offers", len(own.applicable_offers)))
    return ", ".join(told)


def facts_of(person: Person | None, promotion_id: int) -> dict[str, Any]:
    """Whether it is on their account, and they are an active client; nothing of nobody.

    Which offer is completed is known only of a conversion.
    """
    if person is None:
        return {}
    if person.user_id is None:
        return {"is_on_account": False}
    theirs = (UserPromoCode.user_id == person.user_id, UserPromoCode.promotion_id == promotion_id)
    found = select(UserPromoCode.id).where(*theirs, UserPromoCode.status == APPLIED)
    clients = found.join(User, User.id == UserPromoCode.user_id).where(User.role == "client", User.is_active)
    return {"is_on_account": db.session.scalar(clients) is not None}


OFFER = Kind(
    name=KIND,
    label=_l("Offer code"),
    icon="badge-dollar-sign",
    group="members",
    own=OfferCode,
    types={"percentage": _l("Percentage"), "fixed": _l("Fixed amount")},
    type_column=OfferCode.bonus_type,
    type_of=lambda own: str(own.bonus_type),
    badge=badge,
    gives=gives,
    along=(selectinload(OfferCode.scope),),
    rules=OWN_RULES,
    terms_of=editing.terms_now,
    facts_of=facts_of,
    measured=measured,
    benefit=benefit_of,
    sentence=sentence,
    statistics=statistics,
    accounts_with=accounts_with,
    has_active=lambda _promotion_id: False,
    fields_of=lambda promotion_id: editing.fields_of(editing.get(promotion_id)),
    faults=editing.faults,
    create=editing.create,
    change=editing.update,
    remove=editing.remove,
    terms_from=editing.terms_of,
    offered=lambda own: {"bonus_type": own.bonus_type},
)
