"""What discounts tell the engine about themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.accounts.persons import Person
from app.discounts.editing import KIND, create, faults, fields_of, get, remove, update
from app.discounts.models import Discount
from app.discounts.rules import OWN_RULES, DiscountTerms, benefit_of
from app.discounts.service import has_paid_order, terms_now, terms_of
from app.kit.db import db
from app.promotions import backtest
from app.promotions.kinds import Figure, Kind
from app.promotions.models import PromotionUse
from app.promotions.words import money


def badge(discount: Discount | DiscountTerms) -> str:
    """`20% off`, `$5.00 off`."""
    if discount.discount_type == "percentage":
        return _("%(part)s off", part=format_percent(discount.discount_value / 10_000, "#,##0.##%"))
    return _("%(part)s off", part=money(discount.discount_value))


def statistics(promotion_id: int) -> Sequence[Figure]:
    """What the code has given away, and to how many."""
    live = PromotionUse.released_at.is_(None)
    given, people = db.session.execute(
        select(func.coalesce(func.sum(PromotionUse.value_cents), 0), func.count(PromotionUse.person.distinct())).where(
            PromotionUse.promotion_id == promotion_id, live
        )
    ).one()
    return (
        Figure(_("Saved by shoppers"), money(int(given)), "piggy-bank"),
        Figure(_("Shoppers"), format_decimal(people), "users", _("each counted once")),
    )


def facts_of(person: Person | None, _promotion_id: int) -> dict[str, Any]:
    """Whether this is somebody who has paid an order."""
    return {"has_paid_order": person is not None and has_paid_order(person)}


def offered(discount: Discount) -> Mapping[str, Any]:
    """What the public list says of it."""
    return {"bonus_type": discount.discount_type}


DISCOUNT = Kind(
    name=KIND,
    label=_l("Discount code"),
    icon="ticket-percent",
    group="store",
    own=Discount,
    types={"percentage": _l("Percentage"), "fixed": _l("Fixed amount")},
    type_column=Discount.discount_type,
    type_of=lambda discount: str(discount.discount_type),
    badge=badge,
    rules=OWN_RULES,
    terms_of=terms_now,
    facts_of=facts_of,
    benefit=benefit_of,
    statistics=statistics,
    has_active=lambda _promotion_id: False,
    fields_of=lambda promotion_id: fields_of(get(promotion_id)),
    faults=faults,
    create=create,
    change=update,
    remove=remove,
    terms_from=terms_of,
    offered=offered,
    replays="orders",
    replay=lambda terms, past: backtest.replay(terms, past, benefit=benefit_of, own_rules=OWN_RULES),
)
