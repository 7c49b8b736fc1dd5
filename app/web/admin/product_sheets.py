"""Products as CSV files: taken out, looked at, brought in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import Response, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone, ngettext
from flask_babel import gettext as _

from app.catalog import exporting, importing, sheet
from app.catalog import service as catalog
from app.catalog.errors import Overtaken, SheetRefused
from app.catalog.importing import Edit, Plan
from app.catalog.service import ProductDetails
from app.catalog.sheet import COLUMNS, MOST_BYTES, MOST_ROWS, Sheet
from app.errors import DomainError
from app.kit import clock, sheets
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.money import as_text
from app.kit.sheets import Flaw
from app.web.admin import bp
from app.web.admin.products import STATES
from app.web.admin.sheet_words import sentence
from app.web.arguments import whole_number
from app.web.visitor import access, actor

SHOWN_FLAWS = 50
SHOWN_PRODUCTS = 10
CHECK = "check"
EXAMPLE = "<p>Two sentences about it.</p>"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a product before and after, as the file writes it."""

    column: str
    before: str
    after: str


@bp.get("/products.csv")
@access("admin")
def export_products() -> ResponseReturnValue:
    asked = request.args
    found = catalog.products(
        search=asked.get("q", "").strip()[:100],
        category_id=whole_number(asked.get("category")),
        is_active=STATES.get(asked.get("status", "")),
    )
    lines = sheets.lines(COLUMNS, exporting.rows(found))
    return _file(stream_with_context(sheets.chunks(lines)), f"products-{clock.now().astimezone(_zone()).date()}.csv")


@bp.get("/products/import")
@access("admin")
def show_import() -> ResponseReturnValue:
    return _answer()


@bp.get("/products/import/example.csv")
@access("admin")
def export_example() -> ResponseReturnValue:
    shelves = [each.slug for each in catalog.categories()] or ["design"]
    rows = [
        ("EXAMPLE-1", _("Example"), "example", shelves[0], Decimal("12.50"), EXAMPLE, "yes", 0),
        ("EXAMPLE-2", _("Another example"), "", shelves[-1], Decimal("80.00"), "", "no", 10),
    ]
    return _file(sheets.chunks(sheets.lines(COLUMNS, rows)), "products-example.csv")


@bp.post("/products/import")
@access("admin")
def import_products() -> ResponseReturnValue:
    is_check = request.form.get("do") == CHECK
    try:
        plan = _carry_out(_uploaded(), is_check=is_check)
    except SheetRefused as refusal:
        return _answer(refusal.status, flaws=refusal.flaws, refusal=refusal)
    except Overtaken as refusal:
        return _answer(refusal.status, refusal=refusal)
    if is_check or plan.is_nothing or wants_part():
        return _answer(plan=plan, is_done=not is_check)
    toast(_told(plan))
    return see_other(url_for("admin.list_products"))


def _uploaded() -> Sheet:
    """What the chosen file says, from its start also where the request is run again. Raises SheetRefused."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise SheetRefused([Flaw(0, "", "no_file")])
    file.stream.seek(0)
    return sheet.read(file.stream.read(MOST_BYTES + 1))


def _carry_out(read: Sheet, *, is_check: bool) -> Plan:
    if is_check or read.flaws:
        return importing.plan(read)
    with unit_of_work():
        return importing.carry_out(read, actor=actor(), now=clock.now())


def _answer(
    status: int = 200,
    *,
    plan: Plan | None = None,
    flaws: Sequence[Flaw] = (),
    refusal: DomainError | None = None,
    is_done: bool = False,
) -> Response:
    return page(
        "admin/product_import.html",
        "admin/_product_sheet.html",
        status,
        plan=plan,
        is_done=is_done,
        told=_told(plan) if plan and is_done else "",
        refusal=refusal,
        flaws=[(flaw, sentence(flaw)) for flaw in flaws[:SHOWN_FLAWS]],
        more_flaws=max(0, len(flaws) - SHOWN_FLAWS),
        changes=[(edit.after, _differences(edit, plan)) for edit in plan.changed[:SHOWN_PRODUCTS]] if plan else [],
        shown=SHOWN_PRODUCTS,
        most_rows=MOST_ROWS,
        most_megabytes=MOST_BYTES // 1024 // 1024,
    )


def _told(plan: Plan) -> str:
    made, changed = len(plan.made), len(plan.changed)
    if not changed:
        return ngettext("%(num)s product was made.", "%(num)s products were made.", made)
    if not made:
        return ngettext("%(num)s product was changed.", "%(num)s products were changed.", changed)
    return _("Products were made: %(made)s. Changed: %(changed)s.", made=made, changed=changed)


def _differences(edit: Edit, plan: Plan) -> list[Difference]:
    before, after = _cells(edit.before, plan), _cells(edit.after, plan)
    return [Difference(column, before[column], after[column]) for column in before if before[column] != after[column]]


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


def _file(content: Iterable[bytes], name: str) -> Response:
    answer = Response(content, mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _zone() -> ZoneInfo:
    return ZoneInfo(str(get_timezone() or "UTC"))
