"""Products by a file: made, changed, left as they are, and all of it or nothing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.audit.service import Actor
from app.catalog import exporting, importing, sheet
from app.catalog import service as catalog
from app.catalog.importing import Plan
from app.catalog.models import Product
from app.catalog.service import ProductDetails
from app.errors import Overtaken, SheetRefused
from app.kit import sheets
from app.kit.db import db, unit_of_work
from tests import make
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("app")
BOSS = Actor(1, "boss", "10.0.0.1", "request-1")
LATER = make.NOW + timedelta(days=1)
NASTY = ["=1+1", "+1", "-1", "@x", "'=1", "''", '"quoted", twice', "a;b\tc", "กาแฟ ☕", "two\nlines", "\uff1d1", "  '+"]


def bring(*rows: str, columns: str = "sku,name,category,price") -> Plan:
    read = sheet.read("\n".join([columns, *rows]).encode())
    with unit_of_work():
        plan = importing.carry_out(read, actor=BOSS, now=LATER)
    db.session.expire_all()
    return plan


def flaws_of(*rows: str, columns: str = "sku,name,category,price") -> list[tuple[int, str, str]]:
    with pytest.raises(SheetRefused) as refused:
        bring(*rows, columns=columns)
    return [(flaw.row, flaw.column, flaw.reason) for flaw in refused.value.flaws]


def product(sku: str) -> Product:
    return db.session.scalars(select(Product).where(Product.sku == sku)).one()


def figures(plan: Plan) -> tuple[int, int, int]:
    return len(plan.made), len(plan.changed), plan.unchanged


def entries(action: str) -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def everything() -> list[dict[str, Any]]:
    columns = Product.__table__.columns
    return [dict(row._mapping) for row in db.session.execute(select(*columns).order_by(Product.id))]  # noqa: SLF001


def test_an_unknown_sku_is_made_as_the_form_makes_it() -> None:
    category = make.category("design")
    assert figures(bring("des-1,Logo Design,design,480.5")) == (1, 0, 0)
    made = product("DES-1")
    assert (made.name, made.slug, made.price_cents, made.category_id) == (
        "Logo Design",
        "logo-design",
        48_050,
        category.id,
    )
    assert (made.description, made.is_active, made.position, made.version) == ("", True, 0, 1)
    assert (made.created_at, made.updated_at) == (LATER, LATER)


def test_of_a_known_sku_only_what_the_file_says_otherwise_is_changed() -> None:
    was = make.product(sku="A", name="Old", slug="old", description="<p>Kept</p>", position=3, is_active=False)
    assert figures(bring("a,New,12", columns="sku,name,price")) == (0, 1, 0)
    now = product("A")
    assert (now.id, now.name, now.price_cents, now.version, now.updated_at) == (was.id, "New", 1200, 2, LATER)
    assert (now.slug, now.description, now.position, now.is_active) == ("old", "<p>Kept</p>", 3, False)
    assert now.created_at == make.NOW


def test_the_same_file_again_does_nothing_at_all() -> None:
    make.category("design")
    rows = ("A,Logo,design,1,<p>Hi</p><script>x()</script>", "B,Logo,design,2,&amp")
    bring(*rows, columns="sku,name,category,price,description")
    before, log = everything(), len(entries("product_sheet.imported"))
    plan = bring(*rows, columns="sku,name,category,price,description")
    assert figures(plan) == (0, 0, 2)
    assert plan.is_nothing
    assert (everything(), len(entries("product_sheet.imported"))) == (before, log)


def test_what_is_exported_and_imported_changes_nothing_however_nasty() -> None:
    shelf = make.category("design")
    for number, text in enumerate(NASTY):
        make.product(sku=f"-{number}", name=text, description=f"{text} <b>x", category=shelf, position=number)
    before = everything()
    out = b"".join(sheets.chunks(sheets.lines(sheet.COLUMNS, exporting.rows(catalog.products()))))
    with unit_of_work():
        plan = importing.carry_out(sheet.read(out), actor=BOSS, now=LATER)
    assert figures(plan) == (0, 0, len(NASTY))
    assert everything() == before


def test_checking_tells_the_same_and_changes_nothing() -> None:
    make.category("design")
    make.product(sku="A", name="Old")
    before = everything()
    read = sheet.read(b"sku,name,category,price\nA,New,design,1\nB,Made,design,1\n")
    plan = importing.plan(read)
    assert figures(plan) == (1, 1, 0)
    assert plan.changed[0].fields == ["name", "category_id", "price_cents"]
    assert everything() == before


def test_one_wrong_row_and_nothing_is_written() -> None:
    make.category("design")
    make.product(sku="A", name="Old")
    before, log = everything(), db.session.scalar(select(func.count()).select_from(AuditEntry))
    assert flaws_of("A,New,design,1", "B,Made,nowhere,1") == [(3, "category", "unknown_category")]
    assert everything() == before
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == log


def test_a_new_product_needs_a_name_a_category_and_a_price() -> None:
    make.product(sku="A")
    assert flaws_of("A,1", "B,1", columns="sku,position") == [
        (3, "name", "needed_for_new"),
        (3, "category", "needed_for_new"),
        (3, "price", "needed_for_new"),
    ]


def test_flaws_of_cells_and_of_the_catalogue_are_told_together_in_their_order() -> None:
    assert flaws_of("A,,nowhere,x", "B,n,,1", "C,กาแฟ,nowhere,1", "-,กาแฟ,nowhere,1") == [
        (2, "name", "needed"),
        (2, "category", "unknown_category"),
        (2, "price", "amount_format"),
        (3, "category", "needed"),
        (4, "category", "unknown_category"),
        (5, "slug", "no_address"),
        (5, "category", "unknown_category"),
    ]


def test_addresses_made_from_names_get_a_number_where_taken() -> None:
    shelf = make.category("design")
    make.product(sku="OLD", slug="logo", category=shelf)
    rows = ("A,Logo,,design,1", "B,Logo,,design,1", "C,Other,logo-3,design,1", "D,กาแฟ,,design,1", "E,Logo,,design,1")
    bring(*rows, columns="sku,name,slug,category,price")
    assert [product(sku).slug for sku in "ABCDE"] == ["logo-2", "logo-4", "logo-3", "d", "logo-5"]


def test_a_long_name_makes_an_address_that_fits() -> None:
    make.category("design")
    bring(f"A,{'½' * 128},design,1", f"B,{'½' * 128},design,1")
    assert [len(product(sku).slug) for sku in "AB"] == [140, 140]


def test_a_wished_address_that_another_product_has_is_refused() -> None:
    make.product(sku="A", slug="logo")
    assert flaws_of("B,logo,n,x,1", "A,logo,n,x,1", columns="sku,slug,name,category,price")[0] == (
        2,
        "slug",
        "slug_taken",
    )


def test_each_product_and_the_file_have_their_entry_in_the_log() -> None:
    shelf = make.category("design")
    old = make.product(sku="A", name="Old", category=shelf)
    by_form = entries("product.created")[0].after or {}
    bring("A,New,design,20", "B,Made,design,5")
    changed, made, summary = (
        entries("product.changed")[0],
        entries("product.created")[1],
        entries("product_sheet.imported"),
    )
    assert (changed.entity_id, changed.before, changed.after) == (str(old.id), {"name": "Old"}, {"name": "New"})
    assert made.entity_id == str(product("B").id)
    assert set(made.after or {}) == set(by_form)
    assert made.after == by_form | {"sku": "B", "name": "Made", "slug": "made", "price_cents": 500}
    assert [each.after for each in summary] == [{"made": 1, "changed": 1, "unchanged": 0}]
    assert {each.actor_id for each in (changed, made, *summary)} == {1}


def test_ten_rows_and_three_hundred_cost_the_same_few_statements() -> None:
    make.category("design")
    costs = []
    for count, start in ((10, 0), (300, 1000)):
        bring(*(f"P{start + each},Old,design,1" for each in range(count)))
        with count_statements() as sent:
            bring(*(f"P{start + each + count // 2},Logo,design,2" for each in range(count)))
        costs.append(len(sent))
    assert costs == [8, 8]


def test_a_rival_who_was_faster_is_a_clear_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = make.category("design")
    look = importing._look  # noqa: SLF001

    def look_too_early(*args: Any, **kwargs: Any) -> Any:
        found = look(*args, **kwargs)
        db.session.add(Product(**rival, created_at=LATER, updated_at=LATER))
        db.session.flush()
        return found

    monkeypatch.setattr(importing, "_look", look_too_early)
    details = ProductDetails("A", "Rival", "logo", "", shelf.id, 100)
    for sku, slug in (("A", "rival"), ("RIVAL", "logo")):
        rival = {name: getattr(details, name) for name in importing.DETAILS} | {"sku": sku, "slug": slug}
        with pytest.raises(Overtaken):
            bring("A,Logo,design,1")
    assert everything() == []


def test_an_export_costs_one_statement_for_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "BATCH", 4)
    shelf = make.category("design")
    skus = [make.product(category=shelf, position=9 - each).sku for each in range(9)]
    with count_statements() as sent:
        assert [cells[0] for cells in exporting.rows(catalog.products())] == skus
    assert len(sent) == 3, sent
