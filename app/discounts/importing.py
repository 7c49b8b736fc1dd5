"""Making and changing discount codes by a file: all of it or nothing, in few statements however long it is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, Row, String, select
from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.audit.service import Actor, Change
from app.discounts import editing
from app.discounts.editing import KIND, OWN
from app.discounts.models import Discount
from app.discounts.sheet import COLUMNS, FOR_NEW, HOURS, cells, hours
from app.errors import Overtaken, SheetRefused
from app.kit import intake
from app.kit.db import Base, db, given, insert_numbered, insert_rows, rewrite, violated
from app.kit.intake import Line, Sheet
from app.kit.sheets import Flaw
from app.promotions import active, fields
from app.promotions import editing as promotions
from app.promotions.errors import CannotOpen
from app.promotions.models import BY_PERSON, Promotion, PromotionCode
from app.promotions.service import ENTITY

Columns = Mapping[str, Any]
FIELDS = {**fields.SHARED, **OWN}
CLOSED = ("deactivated_by", "auto_deactivated_at")
STANDING = ("is_active", "ends_at", "usage_limit", *CLOSED)


@dataclass(frozen=True, slots=True)
class New:
    """A code that a file makes, with all that can be said of it, as it will be kept."""

    code: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class Edit:
    """A code that a file changes: its columns before and after, with those that say who closed it."""

    promotion_id: int
    version: int
    code: str
    before: Columns
    after: Columns

    @property
    def columns(self) -> list[str]:
        """The columns of a file in which it differs."""
        before, after = (cells(self.code, each, UTC) for each in (self.before, self.after))
        return [name for name in before if before[name] != after[name]]


Plan = intake.Plan[New, Edit]


@dataclass(frozen=True, slots=True)
class _Known:
    """A code that there is. `columns` are what can be changed of its discount, and who closed it."""

    code: str
    promotion_id: int
    obstacle: str
    version: int
    used_count: int
    columns: Columns

    def changed(self, said: Columns, now: datetime, *, stays_closed: bool) -> Edit:
        """What becomes of it by the rules of every edit. Raises CannotOpen.

        One that `stays_closed` does so, also where its new terms would let the system open it again.
        """
        tried = Promotion(used_count=self.used_count, **{name: self.columns[name] for name in STANDING})
        promotions.change(tried, {name: said[name] for name in STANDING if name in said}, now)
        if stays_closed and tried.is_active:
            promotions.change(tried, {"is_active": False}, now)
        after = {**self.columns, **said, **{name: getattr(tried, name) for name in STANDING}}
        return Edit(self.promotion_id, self.version, self.code, self.columns, after)


def plan(sheet: Sheet, *, zone: ZoneInfo, now: datetime) -> Plan:
    """What importing would do now; changes nothing. Raises SheetRefused with every flaw there is."""
    return _plan(sheet, _look(sheet), zone, now)


def carry_out(sheet: Sheet, expected: Plan, *, zone: ZoneInfo, actor: Actor, now: datetime) -> Plan:
    """Make and change codes as the file says. Raises SheetRefused, Overtaken.

    Locks the promotions that are `expected` to change, by the plan made just before, and no others: whoever uses a code
    about which nothing is new doesn't wait. A code that is as the file says isn't touched, so the same file again does
    nothing.
    """
    held = _lock(edit.promotion_id for edit in expected.changed)
    planned = _plan(sheet, _look(sheet), zone, now)
    if not held.issuperset(edit.promotion_id for edit in planned.changed):
        raise Overtaken
    if planned.is_nothing:
        return planned
    entries = [Change("promotion_sheet.imported", "promotion_sheet", sheet.digest, after=planned.figures)]
    entries += _make(planned.made, actor, now)
    entries += _change(planned.changed, actor, now)
    audit.record_all(actor, entries)
    active.drop()
    return planned


def _lock(promotion_ids: Iterable[int]) -> set[int]:
    """Those of them that there are, by id, held until the transaction ends. What they say is read afterwards."""
    named = given("named", [{"id": each} for each in promotion_ids], id=Integer)
    held = select(Promotion.id).where(Promotion.id.in_(select(named.c.id))).order_by(Promotion.id)
    return set(db.session.scalars(held.with_for_update(key_share=True)))


def _look(sheet: Sheet) -> Mapping[str, _Known]:
    """The codes of a file that there are already, in one statement."""
    named = given("named", [{"code": line.key} for line in sheet.lines if line.key], code=String)
    found = (
        select(PromotionCode.code, PromotionCode.batch_id, Promotion.__table__, *KEPT)
        .join(Promotion, Promotion.id == PromotionCode.promotion_id)
        .outerjoin(Discount, Discount.promotion_id == Promotion.id)
        .where(PromotionCode.code.in_(select(named.c.code)))
    )
    return {row.code: _known(row) for row in db.session.execute(found)}


def _known(row: Row[Any]) -> _Known:
    columns = {name: getattr(row, name) for name in DEFAULTS} | {name: getattr(row, name) for name in CLOSED}
    return _Known(row.code, row.id, _obstacle(row), row.version, row.used_count, columns)


def _obstacle(row: Row[Any]) -> str:
    """Why a file can't change it, if it can't."""
    if row.kind != KIND:
        return "other_kind"
    if row.batch_id is not None:
        return "of_batch"
    return "archived" if row.archived_at is not None else ""


def _plan(sheet: Sheet, known: Mapping[str, _Known], zone: ZoneInfo, now: datetime) -> Plan:
    reading = _Reading(zone, now)
    for line in sheet.lines:
        holder = known.get(line.key)
        if holder is not None:
            reading.meet(line, holder)
        elif line.key:
            reading.make(line)
    flaws = [*(flaw for flaw in sheet.flaws if (flaw.row, flaw.column) not in reading.as_it_is), *reading.flaws]
    if flaws:
        raise SheetRefused(intake.in_order(flaws, COLUMNS))
    return Plan(reading.made, reading.changed, reading.unchanged)


class _Reading:
    """A file gone through line by line. `as_it_is` are cells, by row and column, that say what is kept already."""

    def __init__(self, zone: ZoneInfo, now: datetime) -> None:
        self.zone, self.now = zone, now
        self.made: list[New] = []
        self.changed: list[Edit] = []
        self.unchanged = 0
        self.flaws: list[Flaw] = []
        self.as_it_is: set[tuple[int, str]] = set()

    def make(self, line: Line) -> None:
        """A line about a code that there isn't yet."""
        said = _stored(line.values, fields.ALWAYS_OPEN)
        self.flaws += [*intake.missing(line, FOR_NEW), *_against_rules(line, editing.contradictions(said))]
        self.made.append(New(line.key, {**DEFAULTS, **said}))

    def meet(self, line: Line, holder: _Known) -> None:
        """A line about a code that there is."""
        if holder.obstacle:
            self.flaws.append(Flaw(line.number, "code", holder.obstacle))
            return
        row = cells(holder.code, holder.columns, self.zone)
        same = {column for column, typed in line.typed.items() if column != "code" and typed == str(row.get(column))}
        self.as_it_is |= {(line.number, column) for column in same}
        said = _differing(line, holder.columns, same)
        unclear = line.wrong - same
        merged = {name: value for name, value in {**holder.columns, **said}.items() if name not in unclear}
        broken = _against_rules(line, editing.contradictions(merged))
        self.flaws += broken
        if not said:
            self.unchanged += 1
        elif not broken:
            self._change(line, holder, said)

    def _change(self, line: Line, holder: _Known, said: Columns) -> None:
        stays_closed = line.values.get("is_active") is False
        try:
            self.changed.append(holder.changed(said, self.now, stays_closed=stays_closed))
        except CannotOpen as refusal:
            self.flaws.append(Flaw(line.number, "is_active", "rule", {"told": refusal.message}))


def _stored(values: Mapping[str, Any], hours_now: Columns) -> dict[str, Any]:
    """A line's values by the columns in which they are kept."""
    said = {FIELDS[name].column: value for name, value in values.items() if name in FIELDS}
    if not values.keys().isdisjoint(HOURS.values()):
        said["active_hours"] = hours(values, hours_now)
    return said


def _differing(line: Line, current: Columns, same: Collection[str]) -> dict[str, Any]:
    """What the line says otherwise. A cell that stands there as an export writes it says nothing new."""
    of_hours = set(HOURS.values())
    untouched = set(same) if of_hours & line.typed.keys() <= set(same) else set(same) - of_hours
    values = {column: value for column, value in line.values.items() if column not in untouched}
    said = _stored(values, fields.shown_hours(current["active_hours"]))
    return {column: value for column, value in said.items() if value != current[column]}


def _against_rules(line: Line, broken: fields.Errors) -> list[Flaw]:
    return [Flaw(line.number, name, "rule", {"told": told}) for name, (told, *_more) in broken.items()]


def _default(model: type[Base], column: str) -> Any:
    default = model.__table__.c[column].default
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


KEPT = [getattr(Discount, field.column) for field in OWN.values()]
DEFAULTS: Columns = {
    **{field.column: _default(Promotion, field.column) for field in fields.SHARED.values()},
    **{field.column: _default(Discount, field.column) for field in OWN.values()},
    "active_hours": fields.ALWAYS_OPEN,
}


def _make(made: Sequence[New], actor: Actor, now: datetime) -> list[Change]:
    """Insert them, in the order of the file; the codes in their own, so that two imports don't wait for each other."""
    if not made:
        return []
    stamp = {
        "kind": KIND,
        "created_at": now,
        "updated_at": now,
        "created_by": actor.user_id,
        "updated_by": actor.user_id,
    }
    rows = [{**stamp, **_closed(new.columns), **fields.within(fields.SHARED, new.columns)} for new in made]
    ids = dict(zip((new.code for new in made), insert_numbered(Promotion, rows), strict=True))
    own = [{"promotion_id": ids[new.code], **fields.within(OWN, new.columns)} for new in made]
    insert_rows(Discount, own)
    try:
        codes = [{"code": code, "promotion_id": ids[code]} for code in sorted(ids)]
        insert_rows(PromotionCode, codes)
    except IntegrityError as error:
        if violated(error, "uq_promotion_codes_code"):
            raise Overtaken from None
        raise
    return [Change("promotion.created", ENTITY, ids[new.code], after=_told(new.code, new.columns, 1)) for new in made]


def _closed(columns: Columns) -> dict[str, Any]:
    return {"deactivated_by": None if columns["is_active"] else BY_PERSON}


def _change(changed: Sequence[Edit], actor: Actor, now: datetime) -> list[Change]:
    shared, own = (*(field.column for field in fields.SHARED.values()), *CLOSED), [each.column for each in OWN.values()]
    rows = [{"id": edit.promotion_id, **{name: edit.after[name] for name in shared}} for edit in changed]
    rewrite(Promotion, "id", rows, version=Promotion.version + 1, updated_at=now, updated_by=actor.user_id)
    rows = [{"promotion_id": edit.promotion_id, **{name: edit.after[name] for name in own}} for edit in changed]
    rewrite(Discount, "promotion_id", rows)
    return [
        Change(
            "promotion.changed",
            ENTITY,
            edit.promotion_id,
            _told(edit.code, edit.before, edit.version),
            _told(edit.code, edit.after, edit.version + 1),
        )
        for edit in changed
    ]


def _told(code: str, columns: Columns, version: int) -> dict[str, Any]:
    """As the audit log tells it wherever codes are made and changed."""
    return {"code": code, **fields.shown(columns, FIELDS), "version": version}
