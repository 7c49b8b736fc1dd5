"""Finding promotions of every kind, and what they come to. Reads only.

A list brings each promotion with the row of its own kind in one statement, however many kinds there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select
from sqlalchemy.orm import joinedload, lazyload, undefer

from app.errors import NotFound
from app.kit.db import db
from app.kit.lists import Page, paginate_rows
from app.kit.text import like, normalise_code
from app.promotions import kinds
from app.promotions.kinds import Kind
from app.promotions.models import Promotion, PromotionCode, PromotionUse

IN_ORDER = (Promotion.display_order, Promotion.id.desc())


@dataclass(frozen=True, slots=True)
class Listed:
    """A promotion with the row of its kind. `codes` is how many there are in its batches, None where it has none."""

    promotion: Promotion
    kind: Kind
    own: Any

    @property
    def type(self) -> str:
        return self.kind.type_of(self.own)

    @property
    def badge(self) -> str:
        """The benefit in a word or two."""
        return self.kind.badge(self.own)

    @property
    def gives(self) -> str:
        """What else it gives, in short; nothing for kinds whose benefit the badge tells."""
        return self.kind.gives(self.own)

    @property
    def codes(self) -> int | None:
        return self.promotion.codes_made


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which promotions; what is empty doesn't narrow. `kind` is a kind's name, `type` one of its types."""

    search: str = ""
    status: str = ""
    kind: str = ""
    group: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """What all promotions have come to."""

    promotions: int
    active: int
    uses: int
    value_cents: int


def found(wish: Wish, *, number: int, size: int, now: datetime) -> Page[Listed]:
    """One page of the list, in two statements, and what kinds bring along. Past the end it is the last one."""
    among = _of(wish)
    query = _with_kinds(among).options(*(option for kind in among for option in kind.along))
    if wish.type:
        query = query.where(_of_type(wish.type, among))
    query = narrowed(query, search=wish.search, status=wish.status, now=now)
    page = paginate_rows(query, number=number, size=size)
    return Page([_listed(*row) for row in page.items], page.total, page.number, size)


def one(promotion_id: int) -> Listed:
    """The promotion as it is now. Raises NotFound."""
    query = _with_kinds(kinds.known()).where(Promotion.id == promotion_id)
    row = db.session.execute(query.execution_options(populate_existing=True)).unique().one_or_none()
    if row is None:
        raise NotFound
    return _listed(*row)


def overview(now: datetime, wish: Wish = Wish(), *, since: datetime | None = None) -> Overview:
    """How many there are, are active, were used (`since` a moment), and gave away with that, in two statements.

    Of the kind, the group and the type that are asked for; what was given back isn't counted.
    """
    shown = _of(wish)
    among = Promotion.kind.in_([each.name for each in shown])
    if wish.type:
        typed = _with_kinds(shown).where(_of_type(wish.type, shown)).with_only_columns(Promotion.id)
        among = Promotion.id.in_(typed)
    counted = db.session.execute(
        select(func.count(), func.count().filter(having("active", now))).where(Promotion.archived_at.is_(None), among)
    ).one()
    live = select(func.count(), func.coalesce(func.sum(PromotionUse.value_cents), 0)).where(
        PromotionUse.released_at.is_(None), PromotionUse.promotion_id.in_(select(Promotion.id).where(among))
    )
    used = db.session.execute(live.where(PromotionUse.taken_at >= since) if since else live).one()
    return Overview(*(int(figure) for figure in (*counted, *used)))


def having(status: str, now: datetime) -> ColumnElement[bool]:
    """The promotions with this status: `Promotion.status` in SQL."""
    is_archived = Promotion.archived_at.is_not(None)
    has_expired = or_(Promotion.auto_deactivated_at.is_not(None), func.coalesce(Promotion.ends_at <= now, False))
    is_used_up = func.coalesce(Promotion.used_count >= Promotion.usage_limit, False)
    is_early = func.coalesce(Promotion.starts_at > now, False)
    claims = {
        "archived": is_archived,
        "expired": has_expired,
        "inactive": not_(Promotion.is_active),
        "exhausted": is_used_up,
        "scheduled": is_early,
    }
    earlier: list[ColumnElement[bool]] = []
    for name, claim in claims.items():
        if name == status:
            return and_(*map(not_, earlier), claim)
        earlier.append(claim)
    return and_(*map(not_, earlier))


def matching(search: str) -> ColumnElement[bool]:
    """The promotions whose title, or whose code, has this text in it; codes of batches are found by all of them.

    There may be a million of those, and looking for a part would read every one.
    """
    wanted = like(search.strip())
    code = normalise_code(search.replace("\x00", ""))
    of_codes = select(PromotionCode.promotion_id)
    single = of_codes.where(PromotionCode.batch_id.is_(None), PromotionCode.code.like(like(code), escape="\\"))
    exactly = of_codes.where(PromotionCode.code == code)
    return or_(Promotion.title.ilike(wanted, escape="\\"), Promotion.id.in_(single), Promotion.id.in_(exactly))


def narrowed(
    query: Select[Any], *, search: str = "", status: str = "", is_active: bool | None = None, now: datetime
) -> Select[Any]:
    """A query that knows of promotions, narrowed and in their order. Archived ones are shown only where asked for."""
    if search.strip():
        query = query.where(matching(search))
    query = query.where(having(status, now) if status else Promotion.archived_at.is_(None))
    if is_active is not None:
        query = query.where(Promotion.is_active == is_active)
    return query.order_by(*IN_ORDER)


def shelved(*conditions: ColumnElement[bool]) -> Sequence[Listed]:
    """Every promotion for which this holds, in the order of lists, in one statement."""
    query = _with_kinds(kinds.known()).where(*conditions).order_by(*IN_ORDER)
    return [_listed(*row) for row in db.session.execute(query.execution_options(populate_existing=True)).unique()]


def _of(wish: Wish) -> Sequence[Kind]:
    """The kinds that are asked for; a kind that nobody knows narrows nothing."""
    among = kinds.known(wish.group)
    return [kind for kind in among if kind.name == wish.kind] or among


def _of_type(name: str, among: Sequence[Kind]) -> ColumnElement[bool]:
    """In a query that knows of the rows of these kinds."""
    return or_(false(), *(kind.type_column == name for kind in among if name in kind.types))


def _with_kinds(among: Sequence[Kind]) -> Select[Any]:
    query = cast("Select[Any]", select(Promotion, *(kind.own for kind in among)))
    for kind in among:
        query = query.outerjoin(kind.own, kind.own.promotion_id == Promotion.id)  # type: ignore[attr-defined]
    query = query.options(lazyload("*"), joinedload(Promotion.single_code), undefer(Promotion.codes_made))
    return query.where(Promotion.kind.in_([kind.name for kind in among]))


def _listed(promotion: Promotion, *rows: Any) -> Listed:
    return Listed(promotion, kinds.named(promotion.kind), next(row for row in rows if row is not None))
