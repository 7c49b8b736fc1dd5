"""Making, changing, removing and listing member bonuses, for every door. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import contains_eager, joinedload

from app.audit.service import Actor
from app.bonuses.errors import CashbackDue, ClaimsActive, FixedAfterCreation, TermsProtected
from app.bonuses.models import ACTIVE, CASHBACK, DEPOSIT, FREE_CREDIT, KIND, PERIODS, TYPES, Bonus, MemberPromotion
from app.bonuses.rules import BonusTerms
from app.errors import NotFound, ValidationFailed
from app.kit.db import db
from app.kit.headers import origin_of
from app.kit.lists import Page, paginate
from app.promotions import archiving, editing, fields, kinds
from app.promotions.errors import DuplicateCode
from app.promotions.fields import Errors, Field, Fields, Wrong
from app.promotions.hours import ActiveHours
from app.promotions.listing import narrowed
from app.promotions.models import Promotion

MOST_PERCENT = 100_000
MOST_TURNOVER = 10_000
LONGEST_URL = 500
MEDIA, ELSEWHERE = "/media/", ("https://", "http://")
ONCE_FOR_EACH = (DEPOSIT, FREE_CREDIT)
NOT_OF_BONUSES = frozenset({"requires_account", "is_public", "release_on_refund"})
FIXED = ("code", "type")
PROTECTED = (
    "bonus_type",
    "bonus_value",
    "max_bonus",
    "turnover_requirement",
    "max_withdraw",
    "applicable_games",
)
FRESH = {"populate_existing": True}


def _type(value: Any) -> str:
    if value not in TYPES:
        raise Wrong(_l("Please choose deposit, cashback, freecredit or referral."))
    return str(value)


def _period(value: Any) -> str:
    if value not in PERIODS:
        raise Wrong(_l("Please choose day, week or month."))
    return str(value)


def _turnover(value: Any) -> int:
    """Hundredths of how many times."""
    hundredths = fields.amount_or_none_is_zero(value)
    if hundredths > MOST_TURNOVER:
        raise Wrong(_l("This can't be more than 100 times."))
    return hundredths


def _games(value: Any) -> list[str]:
    """Slugs as a list, or as one text with commas between them."""
    if isinstance(value, str):
        value = [each.strip() for each in value.split(",") if each.strip()]
    return fields.slugs(value)


def _image_url(value: Any) -> str:
    """An address of a picture elsewhere, or of one that was uploaded here.

    From elsewhere pages can show only what has a plain origin; how somebody signs in there is nobody's to read.
    """
    read = fields.text(LONGEST_URL)(value)
    if any(map(str.isspace, read)) or not read.startswith((MEDIA, *ELSEWHERE)):
        raise Wrong(_l("Please give an address that begins with https:// or http://."))
    if not read.startswith(MEDIA) and (origin_of(read) is None or "@" in urlsplit(read).netloc):
        raise Wrong(_l("Pages can't show pictures from there. Please give one such as https://example.com/a.png."))
    return read


def _moment(value: Any) -> datetime:
    if value is None:
        raise Wrong(fields.NEEDED)
    return fields.instant(value)


SHARED: Fields = {
    **{name: field for name, field in fields.SHARED.items() if name not in NOT_OF_BONUSES},
    "starts_at": Field("starts_at", _moment, is_needed=True),
    "ends_at": Field("ends_at", _moment, is_needed=True),
}
OWN: Fields = {
    "type": Field("type", _type, is_needed=True),
    "bonus_type": Field("bonus_type", fields.percentage_or_fixed, is_needed=True),
    "bonus_value": Field("bonus_value", fields.more_than_nothing, fields.shown_amount, is_needed=True),
    "max_bonus": Field("max_bonus_cents", fields.optional(fields.amount), fields.shown_amount),
    "turnover_requirement": Field("turnover_hundredths", _turnover, fields.shown_amount),
    "max_withdraw": Field("max_withdraw_cents", fields.optional(fields.amount), fields.shown_amount),
    "applicable_games": Field("applicable_games", _games),
    "first_deposit_only": Field("first_deposit_only", fields.flag),
    "cashback_period": Field("cashback_period", fields.optional(_period)),
    "friend_bonus": Field("friend_bonus_cents", fields.optional(fields.amount), fields.shown_amount),
    "auto_apply": Field("auto_apply", fields.flag),
    "is_listed": Field("is_listed", fields.flag),
    "image_url": Field("image_url", fields.optional(_image_url)),
}
CODE: Fields = {"code": Field("code", fields.code, is_needed=True)}
FIELDS: Fields = {**CODE, **SHARED, **OWN}
DEFAULTS: dict[str, Any] = {
    "max_bonus_cents": None,
    "turnover_hundredths": 0,
    "max_withdraw_cents": None,
    "applicable_games": [],
    "first_deposit_only": False,
    "cashback_period": None,
    "friend_bonus_cents": None,
    "auto_apply": False,
    "image_url": None,
}


def create(given: Mapping[str, Any], actor: Actor, now: datetime) -> Bonus:
    """A new bonus. Raises ValidationFailed with all that is wrong, or DuplicateCode.

    What isn't said: one use for each member of a deposit bonus or a free credit, a cashback by month, and a free
    credit that isn't listed.
    """
    values, errors = _read_new(given)
    _validate(values, errors)
    promotion = Promotion(kind=KIND, active_hours=dict(fields.ALWAYS_OPEN), requires_account=True)
    editing.set_columns(promotion, fields.within(SHARED, values))
    editing.add(promotion, values["code"], actor, now)
    db.session.add(Bonus(promotion_id=promotion.id, **fields.within(OWN, values)))
    db.session.flush()
    editing.note_creation(promotion, fields_of(get(promotion.id)), actor)
    return get(promotion.id)


def update(
    promotion_id: int, given: Mapping[str, Any], *, version: int | None = None, actor: Actor, now: datetime
) -> Bonus:
    """Change what is named, leave the rest; of active hours too. What was claimed keeps the terms that it was made by.

    Raises NotFound, Archived, Stale (somebody was faster), ValidationFailed, FixedAfterCreation, TermsProtected or
    CannotOpen.
    """
    changes_terms = not given.keys().isdisjoint(PROTECTED)  # then whoever is just claiming it is waited for
    promotion = editing.lock_for_change(promotion_id, KIND, version, to_delete=changes_terms)
    own = get(promotion_id)
    before, closed_by = fields_of(own), promotion.deactivated_by
    values, errors = fields.read(fields.with_whole_hours(given, promotion.active_hours), FIELDS, is_new=False)
    fixed = [] if errors else _differing(own, values, FIXED)
    if fixed:
        raise FixedAfterCreation(fixed)
    _validate(columns_of(own) | values, errors)
    protected = _protected(own, values)
    if protected:
        raise TermsProtected(protected)
    editing.change(promotion, fields.within(SHARED, values), now)
    editing.set_columns(own, fields.within(OWN, values))
    db.session.flush()
    editing.note_change_of_switch(promotion, before, fields_of(get(promotion_id)), closed_by, actor, now)
    return own


def switch(
    promotion_id: int, *, is_active: bool | None = None, version: int | None = None, actor: Actor, now: datetime
) -> Bonus:
    """Switch it on or off; where it isn't said which, to the other side. Raises as `update` does."""
    promotion = editing.lock_for_change(promotion_id, KIND, version)
    wanted = not promotion.is_active if is_active is None else is_active
    return update(promotion_id, {"is_active": wanted}, actor=actor, now=now)


def faults(given: Mapping[str, Any], promotion_id: int | None = None) -> Errors:
    """What `create` or, with an id, `update` would refuse of this, as far as can be told beforehand."""
    if promotion_id is None:
        values, errors = _read_new(given)
        errors = {**_contradictions(values), **errors}
    else:
        values, errors = fields.read(given, FIELDS, is_new=False)
        own = get(promotion_id)
        errors = {**_contradictions(columns_of(own) | values), **errors}
        for refusal in (FixedAfterCreation(_differing(own, values, FIXED)), TermsProtected(_protected(own, values))):
            errors = {**refusal.fields, **errors}
    if promotion_id is None and "code" in values and editing.is_taken(values["code"], None):
        errors["code"] = [DuplicateCode.message]
    return errors


def remove(promotion_id: int, actor: Actor, now: datetime, *, version: int | None = None) -> bool:
    """Delete a bonus that nobody has claimed, archive one whose claims are over; whether it is gone for good.

    Raises NotFound, Archived, Stale, ClaimsActive while a claim is active, and CashbackDue while a period that is over
    is to be credited.
    """
    promotion = editing.lock_for_change(promotion_id, KIND, version, to_delete=True)
    if has_active(promotion_id):
        raise ClaimsActive
    if kinds.named(KIND).has_active(promotion_id):
        raise CashbackDue
    own = get(promotion_id)
    return archiving.remove(promotion, own, fields_of(own), actor, now)


def has_active(promotion_id: int) -> bool:
    """Whether somebody's claim of it is active."""
    active = exists().where(MemberPromotion.promotion_id == promotion_id, MemberPromotion.status == ACTIVE)
    return bool(db.session.scalar(select(active)))


def get(promotion_id: int) -> Bonus:
    """The bonus with its promotion, as it is now. Raises NotFound."""
    found = db.session.scalar(_bonuses().where(Bonus.promotion_id == promotion_id).execution_options(**FRESH))
    if found is None:
        raise NotFound
    return found


def listing(  # noqa: PLR0913
    *,
    search: str = "",
    type_: str = "",
    status: str = "",
    is_active: bool | None = None,
    number: int = 1,
    size: int = 20,
    offset: int | None = None,
    now: datetime,
) -> Page[Bonus]:
    """Bonuses with their promotions, by display order, then newest; archived ones only where asked for."""
    query = narrowed(_bonuses(), search=search, status=status, is_active=is_active, now=now)
    if type_:
        query = query.where(Bonus.type == type_)
    return paginate(query, number=number, size=size, offset=offset)


def fields_of(own: Bonus) -> dict[str, Any]:
    """The bonus under the names and in the units in which it is made and changed."""
    code = own.promotion.single_code
    return {
        "code": code.code if code else None,
        **fields.show(own.promotion, SHARED),
        **fields.show(own, OWN),
    }


def columns_of(own: Bonus) -> dict[str, Any]:
    """What can be changed of a bonus, as it is kept."""
    return fields.columns_of(own.promotion, SHARED) | fields.columns_of(own, OWN)


def terms_now(promotion_id: int) -> BonusTerms:
    """The terms as they are kept now. Raises NotFound."""
    return terms_of(get(promotion_id))


def terms_of(own: Bonus) -> BonusTerms:
    """The terms as the rules see them."""
    hours = own.promotion.active_hours
    return BonusTerms(
        **editing.shared_terms(own.promotion),
        active_hours=ActiveHours.parse(hours) if hours and hours.get("enabled") else None,
        type=own.type,  # type: ignore[arg-type]  # held by ck_bonuses_known_type
        bonus_type=own.bonus_type,  # type: ignore[arg-type]  # held by ck_bonuses_known_bonus_type
        bonus_value=own.bonus_value,
        max_bonus_cents=own.max_bonus_cents,
        turnover_hundredths=own.turnover_hundredths,
        max_withdraw_cents=own.max_withdraw_cents,
        applicable_games=tuple(own.applicable_games),
        first_deposit_only=own.first_deposit_only,
        cashback_period=own.cashback_period,  # type: ignore[arg-type]  # held by ck_bonuses_known_period
        friend_bonus_cents=own.friend_bonus_cents,
        auto_apply=own.auto_apply,
    )


def _bonuses() -> Select[Bonus]:
    promotion = contains_eager(Bonus.promotion).options(joinedload(Promotion.single_code))
    return select(Bonus).join(Bonus.promotion).options(promotion)


def _read_new(given: Mapping[str, Any]) -> tuple[dict[str, Any], Errors]:
    """What to keep of a new one, with what isn't said, and what is wrong."""
    values, errors = fields.read(given, FIELDS, is_new=True)
    kind = values.get("type")
    by_type = {"is_listed": kind != FREE_CREDIT}
    if kind in ONCE_FOR_EACH:
        by_type["per_user_limit"] = 1
    values = {**DEFAULTS, **by_type, **values}
    if kind == CASHBACK and values["cashback_period"] is None and "cashback_period" not in errors:
        values["cashback_period"] = "month"
    return values, errors


def _protected(own: Bonus, values: Mapping[str, Any]) -> list[str]:
    """The terms that would change though somebody's claim is active."""
    changed = _differing(own, values, PROTECTED)
    return changed if changed and has_active(own.promotion_id) else []


def _differing(own: Bonus, values: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    code = own.promotion.single_code
    kept = columns_of(own) | {"code": code.code if code else None}
    columns = {name: FIELDS[name].column for name in names}
    return [name for name, column in columns.items() if column in values and values[column] != kept[column]]


def _contradictions(merged: Mapping[str, Any]) -> Errors:
    """What no field alone can tell; `merged` are the columns as they would be."""
    told = fields.end_after_start(merged)
    is_percentage = merged.get("bonus_type") == "percentage"
    if is_percentage and merged.get("bonus_value", 0) > MOST_PERCENT:
        told["bonus_value"] = [_l("A percentage can't be more than 1000.")]
    if is_percentage and merged.get("type") == FREE_CREDIT:
        told["bonus_type"] = [_l("A free credit has nothing to take a percentage of. Please choose fixed.")]
    if merged.get("cashback_period") and merged.get("type", CASHBACK) != CASHBACK:
        told["cashback_period"] = [_l("Only a cashback has a period.")]
    if not merged.get("cashback_period") and merged.get("type") == CASHBACK:
        told["cashback_period"] = [_l("Please choose day, week or month.")]
    return told


def _validate(merged: Mapping[str, Any], errors: Errors) -> None:
    """What no field alone can tell; then everything that is wrong is told at once."""
    for name, wrong in _contradictions(merged).items():
        errors.setdefault(name, wrong)
    if errors:
        raise ValidationFailed(errors)
