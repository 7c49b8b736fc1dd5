"""What discounts tell the engine about themselves."""

from collections.abc import Mapping, Sequence

from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.discounts.editing import KIND, create, faults, fields_of, get, remove, update
from app.discounts.models import Discount
from app.discounts.rules import OWN_RULES
from app.kit.db import db
from app.promotions.kinds import Figure, Kind
from app.promotions.models import PromotionUse
from app.promotions.words import money


def badges(promotion_ids: Sequence[int]) -> Mapping[int, str]:
    rows = db.session.execute(
        select(Discount.promotion_id, Discount.discount_type, Discount.discount_value).where(
            Discount.promotion_id.in_(promotion_ids)
        )
    )
    return {row.promotion_id: badge(row.discount_type, row.discount_value) for row in rows}


def badge(discount_type: str, value: int) -> str:
    """`20% off`, `$5.00 off`."""
    if discount_type == "percentage":
        return _("%(part)s off", part=format_percent(value / 10_000, "#,##0.##%"))
    return _("%(part)s off", part=money(value))


def statistics(promotion_id: int) -> Sequence[Figure]:
    """What the code has given away, and to how many."""
    live = PromotionUse.released_at.is_(None)
    given, people = db.session.execute(
        select(func.coalesce(func.sum(PromotionUse.value_cents), 0), func.count(PromotionUse.person.distinct())).where(
            PromotionUse.promotion_id == promotion_id, live
        )
    ).one()
    return (Figure(_("Saved by shoppers"), money(int(given))), Figure(_("Shoppers"), format_decimal(people)))


DISCOUNT = Kind(
    name=KIND,
    label=_l("Discount code"),
    icon="ticket-percent",
    rules=OWN_RULES,
    badges=badges,
    statistics=statistics,
    has_active=lambda _promotion_id: False,
    fields_of=lambda promotion_id: fields_of(get(promotion_id)),
    faults=faults,
    create=create,
    change=update,
    remove=remove,
)
