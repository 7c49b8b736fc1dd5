"""Completed offers: what came, what it earned and why, recording one by hand, and taking one back."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from app.accounts import desk
from app.accounts import service as accounts
from app.accounts.models import User
from app.config import settings
from app.errors import DomainError
from app.kit import clock
from app.kit.db import db, unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate_rows, stream
from app.kit.money import as_decimal
from app.kit.sheets import Cell
from app.offers import catalogue, conversions
from app.offers import service as offers
from app.offers.errors import DuplicateConversion
from app.offers.models import Conversion
from app.offers.rules import deciding_moment
from app.offers.sources import sources
from app.wallet import service as wallets
from app.web.admin import bp
from app.web.admin import conversion_words as words
from app.web.admin.conversion_form import ConversionForm
from app.web.admin.offer_history import conversion_lines
from app.web.admin.sheet_desk import exported
from app.web.arguments import page_number, whole_number
from app.web.filters import money
from app.web.forms import explain
from app.web.visitor import access, actor

LIST = ("admin/conversions.html", "admin/_conversions.html")
COLUMNS = (
    *("id", "client", "offer_id", "offer", "payout", "code", "bonus"),
    *("state", "completed_at", "received_at", "reversed_at"),
)
AT_ONCE = 500
SUGGESTED = 10


@bp.get("/conversions")
@access("admin")
def list_conversions() -> ResponseReturnValue:
    """Three statements, however many there are; one more for the client whose they are."""
    asked, client_id = _asked(), whole_number(request.args.get("client"))
    client = accounts.get(client_id) if client_id is not None else None
    found = paginate_rows(conversions.listing(**asked), number=page_number())
    around: dict[str, Any] = {"client": client, "offers": catalogue.every(), "states": words.STATES}
    return page(*LIST, conversions=found, asked=asked, is_part=wants_part(), **around)


@bp.get("/conversions.csv")
@access("admin")
def export_conversions() -> ResponseReturnValue:
    """Those that the list shows, the oldest first, as a file that spreadsheets open."""
    zone = ZoneInfo(str(get_timezone() or "UTC"))

    def cells(conversion: Conversion, user: User) -> tuple[Cell, ...]:
        return _cells(conversion, user, zone)

    rows = stream(conversions.listing(**_asked()), Conversion.id, cells, size=AT_ONCE)
    return exported(COLUMNS, rows, "conversions")


@bp.get("/conversions/new")
@access("admin")
def new_conversion() -> ResponseReturnValue:
    """An empty form, or one for the `client` and the `offer` that the address names."""
    chosen = {"username": request.args.get("client", "").strip()[:32], "offer_id": request.args.get("offer", "")}
    return _form_page(ConversionForm(catalogue.every(), formdata=None, **chosen))


@bp.get("/conversions/clients")
@access("admin")
def find_clients() -> ResponseReturnValue:
    """Some whose name or address has in it what was typed as `username`, for the field to offer. Two statements."""
    typed = request.args.get("username", "").strip()[:32]
    query = desk.users(search=typed, role="client", state="active").limit(SUGGESTED)
    found = db.session.scalars(query).all() if typed else []
    return Response(render_template("admin/_conversion_clients.html", clients=found))


@bp.post("/conversions/new")
@access("admin")
def create_conversion() -> ResponseReturnValue:
    """Sent again it records nothing; sent again with something else it comes back, to be sent as another one."""
    form = ConversionForm(catalogue.every())
    if not form.validate():
        return _form_page(form, status=422)
    told = form.told()
    try:
        with unit_of_work():
            conversion, is_new = offers.record(told, actor=actor(), now=clock.now())
            if form.is_named and not is_new:
                raise DuplicateConversion(field="conversion_id")
    except DomainError as refusal:
        explain(form, refusal)
        taken = offers.find(told.conversion_id) if isinstance(refusal, DuplicateConversion) else None
        return _form_page(form, taken, status=refusal.status)
    if not is_new and not form.says(conversion):
        form.begin_anew()
        again = _("This form has recorded something else before. Press Record again if this comes on top.")
        form.form_errors.append(again)
        return _form_page(form, earlier=conversion, status=422)
    if is_new:
        toast(words.outcome(conversion, told.username), "success" if conversion.bonus_cents else "info")
    else:
        toast(_("This form was sent before. Here is what it has recorded."), "info")
    return see_other(url_for("admin.show_conversion", conversion_id=conversion.id))


@bp.get("/conversions/<int:conversion_id>")
@access("admin")
def show_conversion(conversion_id: int) -> ResponseReturnValue:
    conversion, user = conversions.one(conversion_id)
    recorder, purpose = conversion.recorded_by_id, conversion.purpose
    return Response(
        render_template(
            "admin/conversion.html",
            conversion=conversion,
            user=user,
            judged_at=deciding_moment(conversion.completed_at, conversion.received_at),
            application=conversions.application_of(conversion),
            passed_over=words.passed_over(conversion),
            entries=wallets.entries_of(user.id, purpose),
            source=sources([purpose]).get(purpose),
            debts=conversions.debts_of(conversion),
            balances=wallets.balances(user.id),
            recorder=desk.names_of({recorder}).get(recorder) if recorder is not None else None,
            lines=conversion_lines(conversion.id),
            movement=words.movement,
        )
    )


@bp.post("/conversions/<int:conversion_id>/reverse")
@access("admin")
def reverse_conversion(conversion_id: int) -> ResponseReturnValue:
    """Pressed twice, it is taken back once."""
    told = conversions.one(conversion_id)[0].conversion_id
    with unit_of_work():
        conversion = offers.reverse(told, actor=actor(), now=clock.now())
        owed = sum(each.amount_cents for each in conversions.debts_of(conversion))
        client = accounts.get(conversion.user_id).username
    toast(_taken_back(conversion, client, owed), "warning" if owed else "success")
    return see_other(url_for("admin.show_conversion", conversion_id=conversion_id))


def _taken_back(conversion: Conversion, client: str, owed: int) -> str:
    if not conversion.bonus_cents:
        return _("The conversion is reversed. It had earned nothing.")
    facts = {"client": client, "taken": money(conversion.bonus_cents - owed), "owed": money(owed)}
    if owed:
        return _("The conversion is reversed. %(taken)s came back, %(client)s owes %(owed)s.", **facts)
    return _("The conversion is reversed. %(taken)s came back from %(client)s.", **facts)


def _asked() -> dict[str, Any]:
    """The search and the filters that the address asks for."""
    search, state = (request.args.get(name, "").strip()[:100] for name in ("q", "state"))
    state = state if state in conversions.STATES else ""
    offer_id, client_id = (whole_number(request.args.get(name)) for name in ("offer", "client"))
    return {"search": search, "state": state, "offer_id": offer_id, "client_id": client_id}


def _cells(conversion: Conversion, user: User, zone: ZoneInfo) -> tuple[Cell, ...]:
    times = (conversion.completed_at, conversion.received_at, conversion.reversed_at)
    return (
        conversion.conversion_id,
        user.username,
        conversion.offer.external_id,
        conversion.offer.name,
        as_decimal(conversion.payout_cents),
        conversion.code,
        as_decimal(conversion.bonus_cents),
        conversion.state,
        *(each.astimezone(zone).isoformat(timespec="seconds") if each else None for each in times),
    )


def _form_page(
    form: ConversionForm, taken: Conversion | None = None, *, earlier: Conversion | None = None, status: int = 200
) -> Response:
    shown = {"form": form, "taken": taken, "earlier": earlier, "zone": settings().timezone}
    return Response(render_template("admin/conversion_new.html", **shown), status)
