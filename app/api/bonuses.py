"""Member bonuses, as admins keep them, and what was claimed by them."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.api import bp
from app.api.bonus_schemas import (
    AllBonusStats,
    BonusChanges,
    Bonuses,
    BonusOut,
    BonusStats,
    NewBonus,
    SwitchOfBonus,
    WhichBonuses,
)
from app.api.endpoint import Answer, Promise, endpoint
from app.api.promotions import CONFLICT, DUPLICATE
from app.api.tokens import actor, requires
from app.bonuses import claims, editing
from app.bonuses.models import Bonus
from app.config import settings
from app.kit import clock
from app.kit.db import unit_of_work
from app.media.rules import file_name

TAG = "Member bonuses"
FIXED = "`conflict` too where another code or type is given: these stay as they were made."
OVER = "`conflict` too where it would be switched on past its end or used up: `fields` names the term to change."
PROTECTED = (
    "`active_claims`: somebody's claim is active, and `fields` names the terms that can't change meanwhile: "
    "`bonusType`, `bonusValue`, `maxBonus`, `turnoverRequirement`, `maxWithdraw`, `applicableGames`."
)
RUNNING = "`active_claims`: somebody's claim is active, or the cashback of a period that is over isn't credited yet."


@bp.get("/v1/admin/promotions")
@requires("admin")
@endpoint(Promise(TAG, Bonuses, query=WhichBonuses))
def list_bonuses(query: WhichBonuses) -> Answer:
    """List member bonuses."""
    found = editing.listing(
        search=query.search,
        type_=query.type or "",
        status=query.status or "",
        is_active=query.is_active,
        offset=query.first,
        size=query.limit,
        now=clock.now(),
    )
    shown = [_shown(each) for each in found.items]
    return Answer(Bonuses(promotions=shown, total=found.total), _("Member bonuses."))


@bp.post("/v1/admin/promotions")
@requires("admin")
@endpoint(Promise(TAG, BonusOut, 201, body=NewBonus, refuses={409: DUPLICATE}, creates=True))
def create_bonus(body: NewBonus) -> Answer:
    """Make a member bonus."""
    made = editing.create(body.named(), actor(), clock.now())
    return Answer(_shown(made), _("The bonus is made."), 201)


@bp.get("/v1/admin/promotions/<int:promotion_id>")
@requires("admin")
@endpoint(Promise(TAG, BonusOut))
def show_bonus(promotion_id: int) -> Answer:
    """Show a member bonus."""
    return Answer(_shown(editing.get(promotion_id)), _("The bonus."))


@bp.put("/v1/admin/promotions/<int:promotion_id>")
@requires("admin")
@endpoint(Promise(TAG, BonusOut, body=BonusChanges, refuses={409: f"{CONFLICT} {FIXED} {OVER} {PROTECTED}"}))
def change_bonus(promotion_id: int, body: BonusChanges) -> Answer:
    """Change a member bonus.

    What is named changes, the rest stays; what was claimed keeps the terms that it was claimed by.
    """
    changes = body.named()
    version = changes.pop("version", None)
    with unit_of_work():
        own = editing.get(promotion_id)
        if "image_url" in changes and own.image_url is None and changes["image_url"] == _image_url(own):
            del changes["image_url"]  # what we answered comes back: a picture uploaded here is no address elsewhere
        editing.update(promotion_id, changes, version=version, actor=actor(), now=clock.now())
        shown = _shown(editing.get(promotion_id))
    return Answer(shown, _("The bonus is changed."))


@bp.delete("/v1/admin/promotions/<int:promotion_id>")
@requires("admin")
@endpoint(Promise(TAG, None, refuses={409: f"{CONFLICT} {RUNNING}"}))
def remove_bonus(promotion_id: int) -> Answer:
    """Delete a member bonus.

    One whose claims are all over is archived instead, since they refer to it.
    """
    with unit_of_work():
        is_gone = editing.remove(promotion_id, actor(), clock.now())
    return Answer(None, _("The bonus is deleted.") if is_gone else _("The bonus is archived."))


@bp.patch("/v1/admin/promotions/<int:promotion_id>/status")
@requires("admin")
@endpoint(Promise(TAG, BonusOut, body=SwitchOfBonus, refuses={409: f"{CONFLICT} {OVER}"}))
def switch_bonus(promotion_id: int, body: SwitchOfBonus) -> Answer:
    """Switch a member bonus on or off.

    Without a body, or with an empty one, it is switched to the other side.
    """
    with unit_of_work():
        editing.switch(promotion_id, **body.named(), actor=actor(), now=clock.now())
        shown = _shown(editing.get(promotion_id))
    return Answer(shown, _("The bonus is switched on.") if shown.is_active else _("The bonus is switched off."))


@bp.get("/v1/admin/promotions/<int:promotion_id>/stats")
@requires("admin")
@endpoint(Promise(TAG, BonusStats))
def show_bonus_stats(promotion_id: int) -> Answer:
    """Show what was claimed by a bonus."""
    return Answer(BonusStats.model_validate(claims.stats_of(promotion_id)), _("What was claimed by it."))


@bp.get("/v1/admin/promotions/stats")
@requires("admin")
@endpoint(Promise(TAG, AllBonusStats))
def list_bonus_stats() -> Answer:
    """Show what was claimed by every bonus.

    `data` is the list itself, archived bonuses included.
    """
    told = [BonusStats.model_validate(each) for each in claims.stats()]
    return Answer(AllBonusStats(told), _("What was claimed by each of them."))


def _shown(own: Bonus) -> BonusOut:
    promotion = own.promotion
    described: dict[str, Any] = editing.fields_of(own) | {
        "image_url": _image_url(own),
        "status": promotion.status(clock.now()),
        "used_count": promotion.used_count,
    }
    return BonusOut(
        **described,
        id=promotion.id,
        version=promotion.version,
        created_at=promotion.created_at,
        updated_at=promotion.updated_at,
    )


def _image_url(own: Bonus) -> str | None:
    """The address that was given, else that of the picture which was uploaded here."""
    picture = own.promotion.image
    if own.image_url is not None or picture is None:
        return own.image_url
    return settings().base_url + url_for("media.show_picture", file=file_name(picture, "large"))
