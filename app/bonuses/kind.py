"""What member bonuses tell the engine about themselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.accounts.models import User
from app.accounts.persons import Person
from app.bonuses import cashback, claims, editing
from app.bonuses.models import DEPOSIT, KIND, REFERRAL, Bonus
from app.bonuses.rules import OWN_RULES, BonusTerms, benefit_of, measured
from app.bonuses.shelf import has_deposited
from app.bonuses.words import TYPES, sentence
from app.kit import clock
from app.kit.db import db
from app.promotions.kinds import Figure, Kind
from app.promotions.words import money


def badge(own: Bonus | BonusTerms) -> str:
    """`100%`, `$500.00`."""
    if own.bonus_type == "percentage":
        return format_percent(own.bonus_value / 10_000, "#,##0.##%")
    return money(own.bonus_value)


def times(hundredths: int) -> str:
    """`3× turnover`, `2.5× turnover`."""  # noqa: RUF002
    return _("%(times)s× turnover", times=format_decimal(hundredths / 100))  # noqa: RUF001


def gives(own: Bonus) -> str:
    """`at most $50.00, 3× turnover`; nothing of what isn't limited."""  # noqa: RUF002
    told = []
    if own.max_bonus_cents is not None:
        told.append(_("at most %(amount)s", amount=money(own.max_bonus_cents)))
    if own.turnover_hundredths:
        told.append(times(own.turnover_hundredths))
    return ", ".join(told)


def statistics(promotion_id: int) -> Sequence[Figure]:
    """Claims by state, and what was given and turned over; of types that come with a deposit, what was deposited."""
    told = claims.stats_of(promotion_id)
    comes_with_deposits = editing.get(promotion_id).type in {DEPOSIT, REFERRAL}
    deposited = Figure(_("Deposits"), money(told.total_deposit_cents), "banknote")
    return (
        Figure(_("Claims"), format_decimal(told.total_claims), "hand-coins"),
        Figure(_("Active claims"), format_decimal(told.active_claims), "clock"),
        Figure(_("Completed"), format_decimal(told.completed_claims), "circle-check-big"),
        Figure(_("Cancelled"), format_decimal(told.cancelled_claims), "undo-2"),
        *([deposited] if comes_with_deposits else []),
        Figure(_("Bonus granted"), money(told.total_bonus_cents), "badge-dollar-sign"),
        Figure(_("Turnover"), money(told.total_turnover_cents), "wallet"),
    )


def facts_of(person: Person | None, promotion_id: int) -> dict[str, Any]:  # noqa: ARG001
    """Whether they are an active client, and have deposited before; nothing of nobody."""
    if person is None:
        return {}
    if person.user_id is None:
        return {"is_client": False}
    user = db.session.get(User, person.user_id)
    is_client = user is not None and user.role == "client" and user.is_active
    return {"is_client": is_client, "is_first_deposit": not has_deposited(person.user_id)}


def has_active(promotion_id: int, now: datetime | None = None) -> bool:
    """Whether a claim of it is active, or a cashback's period is still to be settled."""
    return editing.has_active(promotion_id) or cashback.has_unsettled(promotion_id, now or clock.now())


BONUS = Kind(
    name=KIND,
    label=_l("Member bonus"),
    icon="wallet",
    group="members",
    own=Bonus,
    types=TYPES,
    type_column=Bonus.type,
    type_of=lambda own: str(own.type),
    badge=badge,
    gives=gives,
    rules=OWN_RULES,
    terms_of=editing.terms_now,
    facts_of=facts_of,
    measured=measured,
    benefit=benefit_of,
    sentence=sentence,
    statistics=statistics,
    has_active=has_active,
    fields_of=lambda promotion_id: editing.fields_of(editing.get(promotion_id)),
    faults=editing.faults,
    create=editing.create,
    change=editing.update,
    remove=editing.remove,
    terms_from=editing.terms_of,
    offered=lambda own: {"bonus_type": own.bonus_type},
)
