"""What everybody may see: the promotions that run now and are public. Their terms are cached, counters never."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from app.kit.cache import Shelf
from app.kit.db import db
from app.kit.text import fold
from app.promotions import kinds, listing
from app.promotions.kinds import Kind
from app.promotions.listing import Listed
from app.promotions.models import BY_SYSTEM, Promotion
from app.promotions.rules import Context, Terms, Verdict, after_start, before_end, within_hours

shelf = Shelf("active-promotions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A public promotion as it was promised; `more` is what only its kind says of it.

    One that isn't `is_open` was switched off by its last use.
    """

    id: int
    kind: str
    code: str | None
    description: str
    fine_print: str
    image: str | None
    terms: Terms
    more: Mapping[str, Any]
    is_open: bool = True

    @property
    def badge(self) -> str:
        """Its benefit in a word or two."""
        return kinds.named(self.kind).badge(self.terms)


@dataclass(frozen=True, slots=True)
class Offer:
    """A public promotion that runs now; `left` is how many uses it still has, None without a limit."""

    shown: Shown
    left: int | None

    def mentions(self, search: str) -> bool:
        """Whether its title or code has this text in it, in whatever case."""
        wanted = fold(search)
        return wanted in fold(self.shown.terms.title) or wanted in fold(self.shown.code or "")

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
    """What runs now and can be had, in the order of lists. As many statements as `running`."""
    return to_be_had(running(now))


def to_be_had(running: Sequence[Offer]) -> Sequence[Offer]:
    """Those of them that are neither switched off nor used up."""
    return [offer for offer in running if offer.shown.is_open and offer.left != 0]


def running(now: datetime) -> Sequence[Offer]:
    """The same, with those for all people that are used up and would still run.

    One statement for the counters, one more when the cache is cold.
    """
    found = [each for each in shelf.get("all", _load) if _runs(each.terms, now)]
    if not found:
        return []
    counted = select(Promotion.id, Promotion.used_count).where(Promotion.id.in_([each.id for each in found]))
    used = {row.id: row.used_count for row in db.session.execute(counted)}
    return [Offer(each, _left(each, used[each.id])) for each in found if each.id in used]


def _runs(terms: Terms, now: datetime) -> bool:
    context = Context(now=now)
    return before_end(terms, context).holds and after_start(terms, context).holds


def _left(shown: Shown, used: int) -> int | None:
    limit = shown.terms.usage_limit
    return None if limit is None else max(0, limit - used) if shown.is_open else 0


def _load() -> list[Shown]:
    for_all = [kind.name for kind in kinds.known() if kind.is_for_all]
    is_for_all = Promotion.kind.in_(for_all)
    is_public = and_(Promotion.is_active, or_(Promotion.is_public, is_for_all))
    is_used_up = and_(is_for_all, Promotion.auto_deactivated_at.is_not(None), Promotion.deactivated_by == BY_SYSTEM)
    found = listing.shelved(Promotion.archived_at.is_(None), or_(is_public, is_used_up))
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
        is_open=promotion.is_active,
    )
