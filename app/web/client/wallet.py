"""The client's money: what there is, and where it came from."""

from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import Response, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kit import sheets
from app.kit.htmx import page
from app.kit.lists import paginate
from app.kit.sheets import Cell
from app.offers.converting import EARNED, TAKEN_BACK
from app.offers.sources import Moved, Source, movements, sources
from app.wallet import service as wallets
from app.web.arguments import page_number
from app.web.client import bp
from app.web.client.pulse import stamp, unchanged
from app.web.visitor import access, me

WALLET = ("client/wallet.html", "client/_wallet.html")
COLUMNS = ("when", "what_for", "offer", "code", "conversion", "amount", "balance_after")


@bp.get("/wallet")
@access("client")
def show_wallet() -> ResponseReturnValue:
    """The page; for a part the balance and its entries, or 204 when they are as they were `seen`."""
    user = me()
    balances, debts = wallets.balances(user.id), wallets.debts(user.id)
    entries = paginate(wallets.entries(user.id), number=page_number())
    seen = stamp(balances, [each.id for each in debts], [each.id for each in entries.items], entries.number)
    same = unchanged(seen)
    if same:
        return same
    known = sources([each.reference for each in entries.items] + [each.reference for each in debts])
    return page(
        *WALLET,
        balances=balances,
        debts=debts,
        owed_cents=sum(each.amount_cents for each in debts),
        entries=entries,
        what_for=lambda each: what_for(each.reason, known.get(each.reference)),
        stamp=seen,
    )


@bp.get("/wallet.csv")
@access("client")
def export_wallet() -> ResponseReturnValue:
    """Every entry, the oldest first, by the client's clock, as a file that spreadsheets open."""
    zone = ZoneInfo(me().timezone)
    rows = (_cells(each, zone) for each in movements(me().id))
    answer = Response(stream_with_context(sheets.chunks(sheets.lines(COLUMNS, rows))), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename="wallet.csv")
    return answer


def what_for(reason: str, source: Source | None) -> str:
    """Why money was moved, or is owed, in words."""
    if source and reason == EARNED:
        return _("Bonus for %(offer)s with %(code)s", offer=source.offer, code=source.code)
    if source and reason == TAKEN_BACK:
        return _("Bonus taken back: %(offer)s", offer=source.offer)
    return reason.replace("_", " ").capitalize()


def _cells(moved: Moved, zone: ZoneInfo) -> Sequence[Cell]:
    source = moved.source
    return (
        moved.at.astimezone(zone).isoformat(timespec="seconds"),
        what_for(moved.reason, source),
        *((source.offer, source.code, source.conversion_id) if source else (None, None, None)),
        Decimal(moved.cents).scaleb(-2),
        Decimal(moved.balance_after_cents).scaleb(-2),
    )
