"""Discount codes as CSV files: taken out, looked at, brought in."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.catalog import service as catalog
from app.config import settings
from app.discounts import exporting, importing, sheet
from app.discounts.editing import OWN
from app.discounts.importing import Edit, New, Plan
from app.discounts.kind import badge
from app.discounts.models import Discount
from app.discounts.words import FLAWS
from app.kit import clock
from app.promotions import fields
from app.web.admin import bp
from app.web.admin.promotion_words import STATUS_WORDS
from app.web.admin.sheet_desk import Desk, Difference, Named, answer, bring_in, csv_file, differences, exported
from app.web.filters import moment
from app.web.visitor import access, actor

EXAMPLE: tuple[dict[str, Any], ...] = (
    {"code": "EXAMPLE-10", "discount_type": "percentage", "discount_value": 10, "max_discount": 50, "is_active": "no"},
    {
        "code": "EXAMPLE-EVENING",
        "discount_type": "fixed",
        "discount_value": 5,
        "is_active": "no",
        "min_amount": 20,
        "usage_limit": 100,
        "per_user_limit": 1,
        "ends_at": "2030-12-31",
        "hours_start": "17:00",
        "hours_end": "20:59",
        "hours_weekdays": "5|6",
    },
)


@bp.get("/promotions.csv")
@access("admin")
def export_promotions() -> ResponseReturnValue:
    """The discount codes among what the list shows; batches have files of their own."""
    asked = request.args
    status = asked.get("status", "")
    found = exporting.rows(
        search=asked.get("q", "").strip()[:100],
        status=status if status in STATUS_WORDS else "",
        zone=_zone(),
        now=clock.now(),
    )
    return exported(exporting.COLUMNS, found, "discount-codes")


@bp.get("/promotions/import")
@access("admin")
def show_promotion_import() -> ResponseReturnValue:
    return answer(DESK)


@bp.get("/promotions/import/example.csv")
@access("admin")
def export_promotion_example() -> ResponseReturnValue:
    shelves = [each.slug for each in catalog.categories()] or ["design"]
    titles = (_("Example"), _("Another example"))
    rows = [{**each, "title": title} for each, title in zip(EXAMPLE, titles, strict=True)]
    rows[1] |= {"applicable_categories": "|".join(shelves[:2]), "hours_timezone": settings().timezone}
    return csv_file(sheet.COLUMNS, [[row.get(name) for name in sheet.COLUMNS] for row in rows], "codes-example.csv")


@bp.post("/promotions/import")
@access("admin")
def import_promotions() -> ResponseReturnValue:
    return bring_in(DESK)


def _zone() -> ZoneInfo:
    return ZoneInfo(settings().timezone)


def _told(plan: Plan) -> str:
    made, changed = len(plan.made), len(plan.changed)
    if not changed:
        return ngettext("%(num)s code was made.", "%(num)s codes were made.", made)
    if not made:
        return ngettext("%(num)s code was changed.", "%(num)s codes were changed.", changed)
    return _("Codes were made: %(made)s. Changed: %(changed)s.", made=made, changed=changed)


def _nothing(unchanged: int) -> str:
    return ngettext(
        "Nothing to do: the code in the file is as it says already.",
        "Nothing to do: all %(num)d codes in the file are as it says already.",
        unchanged,
    )


def _new(plan: Plan, most: int) -> list[Named]:
    return [Named(new.columns["title"], new.code, (_badge(new), _until(new))) for new in plan.made[:most]]


def _badge(new: New) -> str:
    return badge(Discount(**fields.within(OWN, new.columns)))


def _until(new: New) -> str:
    return moment(new.columns["ends_at"]) or _("no end")


def _changed(plan: Plan, most: int) -> list[Named]:
    return [Named(edit.after["title"], edit.code, _differences(edit)) for edit in plan.changed[:most]]


def _differences(edit: Edit) -> list[Difference]:
    return differences(*(sheet.cells(edit.code, columns, _zone()) for columns in (edit.before, edit.after)))


DESK: Desk[Plan] = Desk(
    page="admin/promotion_import.html",
    listed_at="admin.list_promotions",
    words=FLAWS,
    headings=(_l("What comes off"), _l("Until")),
    read=lambda data: sheet.read(data, _zone()),
    plan=lambda read: importing.plan(read, zone=_zone(), now=clock.now()),
    carry_out=lambda read, planned: importing.carry_out(read, planned, zone=_zone(), actor=actor(), now=clock.now()),
    told=_told,
    nothing=_nothing,
    new=_new,
    changed=_changed,
)
