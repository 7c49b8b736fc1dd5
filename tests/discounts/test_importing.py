"""Discount codes by a file: made, changed, left as they are, and all of it or nothing."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select, update

from app.audit.models import AuditEntry
from app.audit.service import Actor
from app.discounts import editing, exporting, importing, sheet
from app.discounts import service as discounts
from app.discounts.importing import Plan
from app.discounts.models import Discount
from app.discounts.words import FLAWS
from app.errors import Overtaken, SheetRefused
from app.kit import sheets
from app.kit.db import db, unit_of_work
from app.kit.flaws import sentence
from app.kit.intake import Sheet
from app.promotions.models import Promotion, PromotionBatch, PromotionCode
from tests import make
from tests.counting import count_statements
from tests.discounts.test_editing import WHOLE
from tests.discounts.test_sheet import NASTY

pytestmark = pytest.mark.usefixtures("app")
RIGA = ZoneInfo("Europe/Riga")
DAY = timedelta(days=1)
LATER = make.NOW + DAY
NEEDED = "code,title,discount_type,discount_value"


def bring(data: str | bytes, *, actor: Actor = make.SYSTEM) -> Plan:
    read = sheet.read(data if isinstance(data, bytes) else data.encode(), RIGA)
    with unit_of_work():
        expected = importing.plan(read, zone=RIGA, now=LATER)
        return importing.carry_out(read, expected, zone=RIGA, actor=actor, now=LATER)


def flaws_of(data: str) -> list[tuple[int, str, str]]:
    """Row, column and first words of each; checking tells the same as importing."""
    with pytest.raises(SheetRefused) as refused:
        bring(data)
    with pytest.raises(SheetRefused) as checked:
        importing.plan(sheet.read(data.encode(), RIGA), zone=RIGA, now=LATER)
    assert checked.value.flaws == refused.value.flaws
    return [(flaw.row, flaw.column, sentence(flaw, FLAWS).split(".")[0]) for flaw in refused.value.flaws]


def exported(**which: Any) -> bytes:
    rows = exporting.rows(zone=RIGA, now=LATER, **which)
    return b"".join(sheets.chunks(sheets.lines(exporting.COLUMNS, rows)))


def figures(plan: Plan) -> tuple[int, int, int]:
    return len(plan.made), len(plan.changed), plan.unchanged


def found(code: str) -> Discount:
    return discounts.get(db.session.scalars(select(PromotionCode.promotion_id).where(PromotionCode.code == code)).one())


def everything() -> list[Any]:
    """Every row of every table that an import may touch."""
    tables = (Promotion.__table__, Discount.__table__, PromotionCode.__table__, AuditEntry.__table__)
    return [tuple(row) for each in tables for row in db.session.execute(select(each).order_by(*each.primary_key))]


def listed() -> list[dict[str, Any]]:
    """The fields of every discount, in the order in which they were made."""
    ids = db.session.scalars(select(Promotion.id).order_by(Promotion.id))
    return [discounts.fields_of(discounts.get(each)) for each in ids]


def entries() -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_an_unknown_code_is_made_as_the_form_makes_it() -> None:
    boss = make.user(role="admin")
    by_form = make.discount(code="FORM", title="Ten off", discount_value=10)
    for_form = entries()[-1]
    plan = bring(f"{NEEDED},is_active\n by-file ,Ten off,percentage,10,\n", actor=Actor(boss.id, "boss"))
    made = found("BY-FILE")
    assert figures(plan) == (1, 0, 0)
    assert discounts.fields_of(made) == discounts.fields_of(discounts.get(by_form.id)) | {"code": "BY-FILE"}
    kept = made.promotion
    assert (kept.version, kept.created_at, kept.updated_at, kept.used_count) == (1, LATER, LATER, 0)
    assert (kept.created_by, kept.updated_by, kept.deactivated_by) == (boss.id, boss.id, None)
    summary, entry = entries()[-2:]
    assert (summary.action, summary.entity, summary.after) == (
        *("promotion_sheet.imported", "promotion_sheet"),
        {"made": 1, "changed": 0, "unchanged": 0},
    )
    assert (entry.action, entry.entity_id, entry.actor_id) == ("promotion.created", str(made.id), boss.id)
    assert entry.after == (for_form.after or {}) | {"code": "BY-FILE"}


def test_of_a_known_code_only_what_the_file_says_otherwise_is_changed() -> None:
    made = make.discount(**WHOLE)
    whole = discounts.fields_of(discounts.get(made.id))
    plan = bring("code,usage_limit,min_amount,hours_start\ndesign-20,,9.99,21:00\n")
    assert figures(plan) == (0, 1, 0)
    assert plan.changed[0].columns == ["usage_limit", "hours_start"]
    hours = WHOLE["active_hours"] | {"start_time": "21:00"}
    assert discounts.fields_of(found("DESIGN-20")) == whole | {"usage_limit": None, "active_hours": hours}
    promotion = discounts.get(made.id).promotion
    assert (promotion.version, promotion.updated_at) == (2, LATER)
    before, after = entries()[-1].before or {}, entries()[-1].after or {}
    assert (before["usage_limit"], after["usage_limit"], after["version"]) == (100, None, 2)
    assert set(after) == {"usage_limit", "active_hours", "version"}


def test_the_same_file_again_does_nothing_at_all() -> None:
    make.discount(code="OLD", ends_at=LATER - 2 * DAY)
    with unit_of_work():  # as upkeep does
        db.session.execute(update(Promotion).values(is_active=False, deactivated_by="system"))
    data = (
        f"{NEEDED},ends_at,is_active,description,hours_start,hours_weekdays\n"
        "old,New,fixed,5,2027-01-01,no,<p>Hi<script>x</script>,08:00,6 5 5\n"
        "fresh,New,percentage,10,,yes,a & b,,\n"
    )
    assert figures(bring(data)) == (1, 1, 0)
    assert found("OLD").promotion.status(LATER) == "inactive"  # what the file calls off isn't opened by its later end
    before = everything()
    plan = bring(data)
    assert (figures(plan), plan.is_nothing) == ((0, 0, 2), True)
    assert everything() == before


def test_what_is_exported_changes_nothing_here_and_makes_the_same_elsewhere() -> None:
    make.discount(**WHOLE | {"image": None})  # pictures stay where they are
    for number, text in enumerate(NASTY):
        make.discount(code=f"-N{number}", title=text, description=f"{text} <b>x", terms_and_conditions=text)
    make.discount(code="ODD", applicable_categories=["two words"], title="&" * 99, description="&" * 20_000)
    data, before = exported(), everything()
    assert figures(bring(data)) == (0, 0, len(NASTY) + 2)
    assert everything() == before
    with unit_of_work():
        discounts.remove(found("ODD").id, make.SYSTEM, LATER)  # only what no form offers doesn't go to other places
    data, told = exported(), listed()
    with unit_of_work():
        for table in (PromotionCode, Discount, Promotion):
            db.session.execute(delete(table))
    db.session.expunge_all()
    assert figures(bring(data)) == (len(NASTY) + 1, 0, 0)
    assert listed() == told
    assert exported() == data


def test_one_wrong_row_and_nothing_is_written_and_every_flaw_is_told_in_its_order() -> None:
    make.discount(code="FIVE", discount_type="fixed", discount_value=500, starts_at=make.NOW)
    before = everything()
    data = (
        "code,discount_type,discount_value,ends_at,usage_limit\n"
        "five,percentage,500,2020-01-01,5\n"
        "new,percentage,101,,0\n"
        "fine,fixed,101,,\n"
        "five,fixed,x,,\n"
    )
    told = flaws_of(data)
    assert [(row, column) for row, column, _told in told] == [
        *((2, "discount_value"), (2, "ends_at")),
        *((3, "title"), (3, "discount_value"), (3, "usage_limit")),
        *((4, "title"), (5, "code"), (5, "discount_value")),
    ]
    assert told[0][2] == "A percentage can't be more than 100"
    assert told[1][2] == "The end must be after the start"
    assert told[2][2] == "We have no code NEW yet, and a new one needs this"
    assert told[6][2] == "FIVE stands in row 2 already"
    assert everything() == before


def test_codes_that_are_no_single_discount_are_told_at_their_row() -> None:
    batch, archived, other = make.discount(code="SINGLE"), make.discount(code="GONE"), make.discount(code="BONUS")
    with unit_of_work():
        lot = PromotionBatch(promotion_id=batch.id, length=8, wanted=2, made=1, created_at=make.NOW)
        db.session.add(lot)
        db.session.flush()
        db.session.add(PromotionCode(promotion_id=batch.id, code="LOT-1", batch_id=lot.id))
        db.session.execute(update(Promotion).where(Promotion.id == archived.id).values(archived_at=make.NOW))
        db.session.execute(update(Promotion).where(Promotion.id == other.id).values(kind="bonus"))
    assert flaws_of("code,title\nlot-1,x\nsingle,Fine\ngone,x\nbonus,x\n") == [
        (2, "code", "This code is one of many that were made at once"),
        (4, "code", "This promotion is archived and stays as it is"),
        (5, "code", "This code starts something else than a discount"),
    ]


def test_what_is_over_or_used_up_is_switched_on_only_with_a_later_end_or_a_higher_limit() -> None:
    make.discount(code="OVER", ends_at=make.NOW, is_active=False)
    make.discount(code="USED", usage_limit=1)
    make.use("USED")
    assert flaws_of("code,is_active\nover,yes\nused,yes\n") == [
        (2, "is_active", "Its end has passed"),
        (3, "is_active", "All its uses are taken"),
    ]
    plan = bring("code,is_active,ends_at,usage_limit\nover,yes,2027-01-01,\nused,yes,,2\n")
    assert figures(plan) == (0, 2, 0)
    assert {found(code).promotion.status(LATER) for code in ("OVER", "USED")} == {"active"}


def test_ten_rows_and_three_hundred_cost_the_same_few_statements() -> None:
    costs = []
    for count, start in ((10, 0), (300, 1000)):
        bring("\n".join([NEEDED, *(f"P-{start + each},Old,fixed,1" for each in range(count))]))
        rows = (f"P-{start + each + count // 2},New,percentage,{1 + each % 2},{each % 2}" for each in range(count))
        with count_statements() as sent:
            bring("\n".join([f"{NEEDED},is_public", *rows]))
        costs.append(len(sent))
    assert costs[0] == costs[1] <= 10, sent


def test_a_rival_who_made_the_code_meanwhile_is_a_clear_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    look = importing._look  # noqa: SLF001

    def look_too_early(read: Sheet) -> Any:
        known = look(read)
        editing.create(
            {"title": "Rival", "code": "A-1", "discount_type": "fixed", "discount_value": 1}, make.SYSTEM, LATER
        )
        return known

    before = everything()
    read = sheet.read(f"{NEEDED}\nB-1,New,fixed,1\nA-1,New,fixed,1\n".encode(), RIGA)
    expected = importing.plan(read, zone=RIGA, now=LATER)
    monkeypatch.setattr(importing, "_look", look_too_early)
    with pytest.raises(Overtaken), unit_of_work():
        importing.carry_out(read, expected, zone=RIGA, actor=make.SYSTEM, now=LATER)
    assert everything() == before
    monkeypatch.undo()
    make.discount(code="A-1", title="Made a moment later, and otherwise than the file says")
    with pytest.raises(Overtaken), unit_of_work():
        importing.carry_out(read, expected, zone=RIGA, actor=make.SYSTEM, now=LATER)


def test_an_export_holds_single_codes_of_the_list_and_costs_one_statement_for_each_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 4)
    for each in range(9):
        make.discount(code=f"C-{each}", title=f"Title {each}", is_active=each > 0, display_order=9 - each)
    with unit_of_work():
        db.session.execute(delete(PromotionCode).where(PromotionCode.code == "C-7"))
    with count_statements() as sent:
        rows = list(exporting.rows(zone=RIGA, now=LATER))
    assert [cells[0] for cells in rows] == [*(f"C-{each}" for each in range(7)), "C-8"]
    assert len(sent) == 3, sent
    assert [cells[0] for cells in exporting.rows(status="inactive", zone=RIGA, now=LATER)] == ["C-0"]
    assert [cells[0] for cells in exporting.rows(search="title 3", zone=RIGA, now=LATER)] == ["C-3"]
    assert rows[0][-2:] == ("inactive", 0)
