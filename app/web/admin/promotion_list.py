"""The list of every promotion, of whatever kind, and what is done with one of them right there."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.bonuses import claims
from app.bonuses.claims import Stats
from app.bonuses.models import KIND as BONUS
from app.bonuses.shelf import outside_pictures
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.headers import allow_images_of
from app.kit.htmx import page, see_other, toast, wants_part
from app.promotions import archiving, kinds, listing
from app.promotions.listing import Listed, Wish
from app.web.admin import bp
from app.web.admin.bonus_cards import benefit_of, sign_of, terms_of
from app.web.admin.promotion_pages import is_shared, pages_of
from app.web.admin.promotion_removal import Removal, removals
from app.web.admin.promotion_words import STATUS_WORDS, words_for
from app.web.arguments import list_arguments, page_number, switched, whole_number
from app.web.visitor import access, actor

LIST = ("admin/promotions.html", "admin/_promotions.html")
ON_PAGE = 12
WITH_CODES = "discount"
GROUPS = {"store": _l("Deals & Promotions"), "members": _l("Member promotions")}


@bp.get("/promotions")
@access("admin")
def list_promotions() -> ResponseReturnValue:
    return _list()


@bp.post("/promotions/<int:promotion_id>/active")
@access("admin")
def switch_promotion(promotion_id: int) -> ResponseReturnValue:
    """`is_active` is 1 or 0."""
    is_active = switched()

    def switch(listed: Listed) -> str:
        listed.kind.change(promotion_id, {"is_active": is_active}, actor=actor(), now=clock.now())
        return _("%(title)s is switched on.") if is_active else _("%(title)s is switched off.")

    return _done(promotion_id, switch)


@bp.post("/promotions/<int:promotion_id>/expire")
@access("admin")
def expire_promotion(promotion_id: int) -> ResponseReturnValue:
    def expire(_listed: Listed) -> str:
        archiving.expire(promotion_id, actor=actor(), now=clock.now())
        return _("%(title)s has ended. A later end opens it again.")

    return _done(promotion_id, expire)


@bp.post("/promotions/<int:promotion_id>/archive")
@access("admin")
def archive_promotion(promotion_id: int) -> ResponseReturnValue:
    def archive(_listed: Listed) -> str:
        archiving.archive(promotion_id, actor=actor(), now=clock.now())
        return _("%(title)s was archived.")

    return _done(promotion_id, archive)


@bp.delete("/promotions/<int:promotion_id>")
@access("admin")
def remove_promotion(promotion_id: int) -> ResponseReturnValue:
    def remove(listed: Listed) -> str:
        is_gone = listed.kind.remove(promotion_id, actor(), clock.now())
        return _("%(title)s was deleted.") if is_gone else str(words_for(listed.kind.name).kept)

    return _done(promotion_id, remove)


def _done(promotion_id: int, verb: Callable[[Listed], str]) -> ResponseReturnValue:
    """Do it, and go back to the list as it was being looked at, with a word on how it went."""
    listed = listing.one(promotion_id)
    try:
        with unit_of_work():
            told = verb(listed)
    except DomainError as refusal:
        toast(str(refusal.message), "error")
    else:
        toast(told % {"title": listed.promotion.title})
    if "HX-Request" in request.headers:
        return _list()
    arguments: dict[str, Any] = list_arguments()
    return see_other(url_for("admin.list_promotions", **arguments))


def _list() -> Response:
    asked = {name: request.args.get(name, "").strip()[:100] for name in ("q", "status", "kind", "group", "type")}
    asked["status"] = asked["status"] if asked["status"] in STATUS_WORDS else ""
    asked["group"] = asked["group"] if asked["group"] in GROUPS else ""
    among = kinds.known(asked["group"])
    asked["kind"] = asked["kind"] if asked["kind"] in {kind.name for kind in among} else ""
    offered = [kind for kind in among if asked["kind"] in {"", kind.name}]
    types = {name: label for kind in offered for name, label in kind.types.items()}
    asked["type"] = asked["type"] if asked["type"] in types else ""
    now = clock.now()
    wish = Wish(search=asked["q"], status=asked["status"], kind=asked["kind"], group=asked["group"], type=asked["type"])
    promotions = listing.found(wish, number=page_number(), size=ON_PAGE, now=now)
    claims_of = _claims_of(promotions.items)
    if not wants_part():  # parts are shown by what this page may
        allow_images_of(outside_pictures())
    return page(
        *LIST,
        promotions=promotions,
        removals=_removals(promotions.items, claims_of),
        kinds=among,
        types=types,
        has_codes=WITH_CODES in {kind.name for kind in offered if asked["type"] in {"", *kind.types}},
        status_words=STATUS_WORDS,
        groups=GROUPS,
        asked=asked,
        at=whole_number(request.args.get("at")),
        overview=listing.overview(now, wish),
        claims=claims.overall(asked["type"]) if asked["kind"] == BONUS else None,
        claims_of=claims_of,
        sign_of=sign_of,
        benefit_of=benefit_of,
        terms_of=terms_of,
        is_shared=is_shared,
        words_for=words_for,
        pages_of=pages_of,
        now=now,
        is_part=wants_part(),
    )


def _removals(listed: Sequence[Listed], claims_of: Mapping[int, Stats]) -> Mapping[int, Removal]:
    """How each of them would go, but for those that are archived already."""
    counted = {number: each.total_claims for number, each in claims_of.items()}
    return removals([each for each in listed if each.promotion.archived_at is None], counted)


def _claims_of(listed: Sequence[Listed]) -> Mapping[int, Stats]:
    """What was claimed of the bonuses among them; one statement where there are any."""
    ids = [each.promotion.id for each in listed if each.kind.name == BONUS]
    return {each.promotion_id: each for each in claims.stats(ids)} if ids else {}
