"""What everybody may see: the promotions that run now and are public. Their terms are cached, counters never."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from app.kit.cache import Shelf
from app.kit.db import db
from app.promotions import kinds, listing
from app.promotions.kinds import Kind
from app.promotions.listing import Listed
from app.promotions.models import Promotion
from app.promotions.rules import Context, Terms, Verdict, after_start, before_end, within_hours

shelf = Shelf("active-promotions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A public promotion as it was promised; `more` is what only its kind says of it."""

    id: int
    kind: str
    code: str | None
    description: str
    fine_print: str
    image: str | None
    terms: Terms
    more: Mapping[str, Any]

    @property
    def badge(self) -> str:
        """Its benefit in a word or two."""
        return kinds.named(self.kind).badge(self.terms)


@dataclass(frozen=True, slots=True)
class Offer:
    """A public promotion that runs now; `left` is how many uses it still has, None without a limit."""

    shown: Shown
    left: int | None

    def hours(self, now: datetime) -> Verdict:
        """Whether it is open at this hour, and when it opens."""
        return within_hours(self.shown.terms, Context(now=now))


def drop() -> None:
    """Once this unit of work is committed, every process reads them anew."""
    shelf.drop()


def clear() -> None:
    """At once, everywhere."""
    shelf.drop_now()


def offers(now: datetime) -> Sequence[Offer]:
    """What runs now, in the order of lists. One statement for the counters, one more when the cache is cold."""
    running = [each for each in shelf.get("all", _load) if _runs(each.terms, now)]
    if not running:
        return []
    counted = select(Promotion.id, Promotion.used_count).where(Promotion.id.in_([each.id for each in running]))
    used = {row.id: row.used_count for row in db.session.execute(counted)}
    left = [Offer(each, _left(each.terms, used[each.id])) for each in running if each.id in used]
    return [offer for offer in left if offer.left != 0]


def _runs(terms: Terms, now: datetime) -> bool:
    context = Context(now=now)
    return before_end(terms, context).holds and after_start(terms, context).holds


def _left(terms: Terms, used: int) -> int | None:
    return None if terms.usage_limit is None else max(0, terms.usage_limit - used)


def _load() -> list[Shown]:
    for_all = [kind.name for kind in kinds.known() if kind.is_for_all]
    is_public = or_(Promotion.is_public, Promotion.kind.in_(for_all))
    found = listing.shelved(Promotion.is_active.is_(True), Promotion.archived_at.is_(None), is_public)
    return [_shown(each, each.kind) for each in found if each.codes is None]


def _shown(listed: Listed, kind: Kind) -> Shown:
    promotion = listed.promotion
    return Shown(
        id=promotion.id,
        kind=kind.name,
        code=promotion.single_code.code if promotion.single_code else None,
        description=promotion.description,
        fine_print=promotion.terms_and_conditions,
        image=promotion.image,
        terms=kind.terms_from(listed.own),
        more=kind.offered(listed.own),
    )
