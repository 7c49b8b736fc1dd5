"""What was claimed of a member bonus: each claim and how far it is, giving a free credit, taking a bonus away."""

from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import Response, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select
from wtforms import StringField
from wtforms.validators import InputRequired

from app.accounts.models import User
from app.bonuses import claims
from app.bonuses import service as bonuses
from app.bonuses.errors import BonusRefused, NotActive
from app.bonuses.models import CASHBACK, FREE_CREDIT, KIND, MemberPromotion
from app.errors import DomainError, NotFound
from app.kit import clock, sheets
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate_rows, stream
from app.kit.money import as_decimal
from app.web.admin import bp
from app.web.admin.claim_words import STATE_WORDS, day_here, origins, why_cancelled
from app.web.admin.promotion_pages import Framed, framed
from app.web.arguments import list_arguments, page_number
from app.web.filters import money
from app.web.forms import explain, strip
from app.web.once import OnceForm
from app.web.visitor import access, actor, way_back

ON_PAGE = 20
PERIODS_SHOWN = 12
AT_ONCE = 1000
LONGEST = 64
COLUMNS = (
    *("username", "email", "status", "claimed_at", "source", "deposit", "bonus"),
    *("required_turnover", "turnover", "turnover_refunded_later", "released", "lapsed", "over_at", "cancelled_because"),
)


class GiveForm(OnceForm):
    """To whom a free credit goes: once, however often the button is pressed."""

    username = StringField(
        _l("Client"),
        [InputRequired()],
        filters=[strip],
        description=_l("A client's username. The rules of the bonus hold here too."),
        render_kw={"maxlength": LONGEST, "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )


@bp.get("/promotions/<int:promotion_id>/claims")
@access("admin")
def list_claims(promotion_id: int) -> ResponseReturnValue:
    """404 for what isn't a member bonus."""
    return _claims(_framed_bonus(promotion_id), GiveForm(formdata=None))


@bp.post("/promotions/<int:promotion_id>/claims")
@access("admin")
def give_bonus(promotion_id: int) -> ResponseReturnValue:
    """Give a free credit to a client. 404 for what isn't one."""
    frame = _framed_bonus(promotion_id)
    if frame.listed.type != FREE_CREDIT:
        raise NotFound
    form = GiveForm()
    if not form.validate():
        return _claims(frame, form, 422)
    try:
        with unit_of_work():
            given = _give(promotion_id, form)
    except BonusRefused as refusal:
        form.username.errors = (_("It can't be given. The client would be told: “%(why)s”", why=refusal.message),)
        return _claims(frame, form, refusal.status)
    except DomainError as refusal:
        explain(form, refusal)
        return _claims(frame, form, refusal.status)
    if given is None:
        toast(_("This form was sent before: %(who)s has got it once.", who=form.username.data), "info")
    else:
        toast(_("%(who)s has got %(amount)s.", who=form.username.data, amount=money(given.bonus_cents)))
    if wants_part():
        return _claims(_framed_bonus(promotion_id), GiveForm(formdata=None))
    return see_other(url_for("admin.list_claims", promotion_id=promotion_id))


def _give(promotion_id: int, form: GiveForm) -> MemberPromotion | None:
    username = str(form.username.data)
    if form.was_sent(promotion_id, username.lower()):
        return None
    return bonuses.give_free_credit(promotion_id, username, actor=actor(), now=clock.now())


@bp.post("/claims/<int:claim_id>/cancel")
@access("admin")
def cancel_member_promotion(claim_id: int) -> ResponseReturnValue:
    """Take a bonus away: what is open of it lapses. It leads back to where that was asked for."""
    try:
        with unit_of_work():
            claim = bonuses.cancel(claim_id, actor=actor(), now=clock.now())
    except NotActive as refusal:
        claim = claims.get(claim_id)
        toast(str(refusal.message), "error")
    else:
        toast(_("%(title)s was cancelled, and the bonus lapsed.", title=claim.title))
    if wants_part():
        return _claims(_framed_bonus(claim.promotion_id), GiveForm(formdata=None))
    arguments: dict[str, Any] = list_arguments()
    otherwise = url_for("admin.list_claims", promotion_id=claim.promotion_id, **arguments)
    return see_other(way_back(request.form.get("next")) or otherwise)


@bp.get("/promotions/<int:promotion_id>/claims.csv")
@access("admin")
def export_claims(promotion_id: int) -> ResponseReturnValue:
    """Those that the list shows, all pages of it, the oldest first; times by the reader's clock."""
    _framed_bonus(promotion_id)
    search, status = _asked()
    zone = ZoneInfo(str(get_timezone() or "UTC"))

    def cells(claim: MemberPromotion, user: User) -> tuple[Any, ...]:
        return _cells(claim, user, zone)

    query = cast("Select[Any]", claims.claims(promotion_id=promotion_id, search=search, status=status))
    rows = stream(query, MemberPromotion.id, cells, size=AT_ONCE)
    answer = Response(stream_with_context(sheets.chunks(sheets.lines(COLUMNS, rows))), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"promotion-{promotion_id}-claims.csv")
    return answer


def _claims(frame: Framed, form: GiveForm, status: int = 200) -> Response:
    search, state = _asked()
    promotion_id, kind = frame.promotion.id, frame.listed.type
    found = paginate_rows(
        claims.claims(promotion_id=promotion_id, search=search, status=state), number=page_number(), size=ON_PAGE
    )
    is_cashback = kind == CASHBACK
    return page(
        "admin/bonus_claims.html",
        "admin/_bonus_claims.html",
        status,
        frame=frame,
        claims=found,
        origins=origins([claim for claim, _user in found.items]),
        stats=claims.stats_of(promotion_id),
        periods=paginate_rows(claims.periods(promotion_id), size=PERIODS_SHOWN) if is_cashback else None,
        form=form if kind == FREE_CREDIT and frame.promotion.archived_at is None else None,
        search=search,
        state=state,
        state_words=STATE_WORDS,
        why_cancelled=why_cancelled,
        day_here=day_here,
    )


def _framed_bonus(promotion_id: int) -> Framed:
    """Raises NotFound, also for another kind of promotion."""
    frame = framed(promotion_id)
    if frame.listed.kind.name != KIND:
        raise NotFound
    return frame


def _asked() -> tuple[str, str]:
    search, state = (request.args.get(name, "").strip() for name in ("q", "status"))
    return search[:100], state if state in STATE_WORDS else ""


def _cells(claim: MemberPromotion, user: User, zone: ZoneInfo) -> tuple[Any, ...]:
    over_at = claim.cancelled_at or claim.completed_at
    return (
        user.username,
        user.email,
        claim.status,
        _stamp(claim.claimed_at, zone),
        claim.source,
        as_decimal(claim.deposit_cents),
        as_decimal(claim.bonus_cents),
        as_decimal(claim.required_turnover_cents),
        as_decimal(claim.current_turnover_cents),
        as_decimal(claim.refunded_turnover_cents),
        as_decimal(claim.released_cents),
        as_decimal(claim.lapsed_cents),
        _stamp(over_at, zone) if over_at else None,
        claim.cancelled_because,
    )


def _stamp(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(timespec="seconds")
