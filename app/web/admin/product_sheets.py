"""Products as CSV files: taken out, looked at, brought in."""

from decimal import Decimal

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.catalog import exporting, importing, sheet
from app.catalog import service as catalog
from app.catalog.importing import Edit, Plan
from app.catalog.service import ProductDetails
from app.catalog.sheet import COLUMNS
from app.kit import clock
from app.kit.money import as_text
from app.web.admin import bp
from app.web.admin.products import STATES
from app.web.admin.sheet_desk import Desk, Difference, Named, answer, bring_in, csv_file, differences, exported
from app.web.admin.sheet_words import PRODUCTS
from app.web.arguments import whole_number
from app.web.filters import money
from app.web.visitor import access, actor

EXAMPLE = "<p>Two sentences about it.</p>"


@bp.get("/products.csv")
@access("admin")
def export_products() -> ResponseReturnValue:
    asked = request.args
    found = catalog.products(
        search=asked.get("q", "").strip()[:100],
        category_id=whole_number(asked.get("category")),
        is_active=STATES.get(asked.get("status", "")),
    )
    return exported(COLUMNS, exporting.rows(found), "products")


@bp.get("/products/import")
@access("admin")
def show_import() -> ResponseReturnValue:
    return answer(DESK)


@bp.get("/products/import/example.csv")
@access("admin")
def export_example() -> ResponseReturnValue:
    shelves = [each.slug for each in catalog.categories()] or ["design"]
    rows = [
        ("EXAMPLE-1", _("Example"), "example", shelves[0], Decimal("12.50"), EXAMPLE, "yes", 0),
        ("EXAMPLE-2", _("Another example"), "", shelves[-1], Decimal("80.00"), "", "no", 10),
    ]
    return csv_file(COLUMNS, rows, "products-example.csv")


@bp.post("/products/import")
@access("admin")
def import_products() -> ResponseReturnValue:
    return bring_in(DESK)


def _told(plan: Plan) -> str:
    made, changed = len(plan.made), len(plan.changed)
    if not changed:
        return ngettext("%(num)s product was made.", "%(num)s products were made.", made)
    if not made:
        return ngettext("%(num)s product was changed.", "%(num)s products were changed.", changed)
    return _("Products were made: %(made)s. Changed: %(changed)s.", made=made, changed=changed)


def _nothing(unchanged: int) -> str:
    return ngettext(
        "Nothing to do: the product in the file is as it says already.",
        "Nothing to do: all %(num)d products in the file are as it says already.",
        unchanged,
    )


def _new(plan: Plan, most: int) -> list[Named]:
    return [
        Named(each.name, each.sku, (plan.categories[each.category_id], money(each.price_cents)))
        for each in plan.made[:most]
    ]


def _changed(plan: Plan, most: int) -> list[Named]:
    return [Named(edit.after.name, edit.after.sku, _differences(edit, plan)) for edit in plan.changed[:most]]


def _differences(edit: Edit, plan: Plan) -> list[Difference]:
    return differences(_cells(edit.before, plan), _cells(edit.after, plan))


def _cells(details: ProductDetails, plan: Plan) -> dict[str, str]:
    """A product as its row in a file."""
    return {
        "name": details.name,
        "slug": details.slug,
        "category": plan.categories.get(details.category_id, ""),
        "price": as_text(details.price_cents),
        "description": details.description,
        "is_active": "yes" if details.is_active else "no",
        "position": str(details.position),
    }


DESK: Desk[Plan] = Desk(
    page="admin/product_import.html",
    listed_at="admin.list_products",
    words=PRODUCTS,
    headings=(_l("Category"), _l("Price")),
    read=sheet.read,
    plan=importing.plan,
    carry_out=lambda read, _planned: importing.carry_out(read, actor=actor(), now=clock.now()),
    told=_told,
    nothing=_nothing,
    new=_new,
    changed=_changed,
)
