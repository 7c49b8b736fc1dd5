"""What a promotion has come to: by day, and by person. Reads only; counts live uses, unless told otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, literal, or_, select

from app.accounts import desk
from app.accounts.models import User
from app.kit.db import db
from app.kit.lists import Page, paginate_rows
from app.kit.text import fold, like
from app.promotions.models import Promotion, PromotionUse

LIVE = PromotionUse.released_at.is_(None)


@dataclass(frozen=True, slots=True)
class Totals:
    """All of a promotion's uses: live ones, given back, what the live ones gave, to how many people, and when last."""

    uses: int
    given_back: int
    value_cents: int
    people: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Somebody:
    """Somebody who used a promotion, how often, and how often they still may (None: as often as they like)."""

    person: str
    name: str
    user_id: int | None
    uses: int
    given_back: int
    value_cents: int
    last_at: datetime
    left: int | None


def totals(promotion_id: int) -> Totals:
    """In one statement."""
    mine = PromotionUse.promotion_id == promotion_id
    row = db.session.execute(
        select(
            func.count().filter(LIVE),
            func.count().filter(PromotionUse.released_at.is_not(None)),
            func.coalesce(func.sum(PromotionUse.value_cents).filter(LIVE), 0),
            func.count(PromotionUse.person.distinct()).filter(LIVE),
            func.max(PromotionUse.taken_at).filter(LIVE),
        ).where(mine)
    ).one()
    return Totals(int(row[0]), int(row[1]), int(row[2]), int(row[3]), row[4])


def by_day(promotion_id: int, last: date, *, days: int, zone: ZoneInfo) -> Sequence[tuple[date, int, int]]:
    """Uses taken on each of so many days up to `last`, and what they gave in cents. One statement.

    Days begin at the zone's midnight, so one on which clocks change has 23 or 25 hours.
    """
    dates = [last - timedelta(days=days - 1 - each) for each in range(days)]
    borders = [datetime.combine(day, time(), zone) for day in (*dates, last + timedelta(days=1))]
    sums = [part for start, end in pairwise(borders) for part in _taken(start, end)]
    within = and_(PromotionUse.taken_at >= borders[0], PromotionUse.taken_at < borders[-1])
    row = db.session.execute(select(*sums).where(PromotionUse.promotion_id == promotion_id, LIVE, within)).one()
    figures = list(map(int, row))
    return list(zip(dates, figures[::2], figures[1::2], strict=True))


def _taken(start: datetime, end: datetime) -> tuple[ColumnElement[int], ColumnElement[int]]:
    is_within = and_(PromotionUse.taken_at >= start, PromotionUse.taken_at < end)
    counted, value = case((is_within, 1), else_=0), case((is_within, PromotionUse.value_cents), else_=0)
    return func.coalesce(func.sum(counted), 0), func.coalesce(func.sum(value), 0)


def people(promotion: Promotion, *, search: str = "", number: int = 1, size: int = 20) -> Page[Somebody]:
    """Who used it, the busiest first, in three statements; `search` looks in names."""
    found = paginate_rows(_people(promotion.id, search), number=number, size=size)
    return Page(_named(promotion, found.items), found.total, found.number, found.size)


def everybody(promotion: Promotion) -> Sequence[Somebody]:
    """All of them, in two statements."""
    return _named(promotion, db.session.execute(_people(promotion.id, "")).all())


def _people(promotion_id: int, search: str) -> Select[*tuple[Any, ...]]:
    live = func.count().filter(LIVE)
    query = (
        select(
            PromotionUse.person,
            live.label("uses"),
            func.count().filter(PromotionUse.released_at.is_not(None)).label("given_back"),
            func.coalesce(func.sum(PromotionUse.value_cents).filter(LIVE), 0).label("value_cents"),
            func.max(PromotionUse.taken_at).label("last_at"),
        )
        .where(PromotionUse.promotion_id == promotion_id)
        .group_by(PromotionUse.person)
        .order_by(live.desc(), func.max(PromotionUse.taken_at).desc(), PromotionUse.person)
    )
    if search.strip():
        accounts = select(literal("user:", String) + cast(User.id, String)).where(
            User.username.ilike(like(search.strip()), escape="\\")
        )
        by_name = PromotionUse.person.like("name:" + like(fold(search)), escape="\\")
        query = query.where(or_(by_name, PromotionUse.person.in_(accounts)))
    return query


def _named(promotion: Promotion, rows: Sequence[Any]) -> list[Somebody]:
    ids = {row.person: int(row.person[5:]) for row in rows if row.person.startswith("user:")}
    names = desk.names_of(set(ids.values()))
    limit = promotion.per_user_limit
    return [
        Somebody(
            person=row.person,
            name=names.get(ids.get(row.person, 0), "") or row.person.partition(":")[2],
            user_id=ids.get(row.person),
            uses=row.uses,
            given_back=row.given_back,
            value_cents=int(row.value_cents),
            last_at=row.last_at,
            left=None if limit is None else max(0, limit - row.uses),
        )
        for row in rows
    ]
