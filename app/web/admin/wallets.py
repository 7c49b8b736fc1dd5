"""Clients' wallets, to be looked at: what each has, what moved it, and what could not be taken back."""

from zoneinfo import ZoneInfo

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone

from app.accounts import service as accounts
from app.accounts.models import User
from app.errors import NotFound
from app.kit.htmx import page, wants_part
from app.kit.lists import paginate, paginate_rows, stream
from app.kit.money import as_decimal
from app.kit.sheets import Cell
from app.offers.sources import Moved, movements, sources
from app.wallet import service as wallets
from app.web.admin import bp
from app.web.admin.conversion_words import movement
from app.web.admin.sheet_desk import exported
from app.web.arguments import page_number
from app.web.visitor import access

LIST = ("admin/wallets.html", "admin/_wallets.html")
ONE = ("admin/wallet.html", "admin/_wallet_entries.html")
COLUMNS = ("username", "email", "cash", "bonus", "owed")
ENTRY_COLUMNS = ("at", "balance", "amount", "reason", "conversion", "offer", "code", "balance_after")
AT_ONCE = 500


@bp.get("/wallet")
@access("admin")
def list_wallets() -> ResponseReturnValue:
    """Two statements, however many there are."""
    search = _search()
    found = paginate_rows(wallets.wallets(search), number=page_number())
    has_bonus = any(bonus for _user, _cash, bonus, _owed in found.items)
    return page(*LIST, wallets=found, search=search, has_bonus=has_bonus, is_part=wants_part())


@bp.get("/wallet.csv")
@access("admin")
def export_wallets() -> ResponseReturnValue:
    """Those that the list shows, as a file that spreadsheets open."""

    def cells(user: User, *amounts: int) -> tuple[Cell, ...]:
        return user.username, None if user.anonymised_at else user.email, *map(as_decimal, amounts)

    return exported(COLUMNS, stream(wallets.wallets(_search()), User.id, cells, size=AT_ONCE), "wallets")


@bp.get("/wallet/<int:user_id>")
@access("admin")
def show_wallet(user_id: int) -> ResponseReturnValue:
    user = _owner(user_id)
    found, debts = paginate(wallets.entries(user_id), number=page_number()), wallets.debts(user_id)
    references = {each.reference for each in found.items} | {each.reference for each in debts}
    return page(
        *ONE,
        user=user,
        balances=wallets.balances(user_id),
        entries=found,
        debts=debts,
        owed_cents=sum(each.amount_cents for each in debts),
        behind=sources(references),
        movement=movement,
    )


@bp.get("/wallet/<int:user_id>.csv")
@access("admin")
def export_wallet(user_id: int) -> Response:
    """All movements of one wallet, the oldest first."""
    username, zone = _owner(user_id).username, ZoneInfo(str(get_timezone() or "UTC"))
    return exported(ENTRY_COLUMNS, (_cells(each, zone) for each in movements(user_id)), f"wallet-{username}")


def _owner(user_id: int) -> User:
    """Who has a wallet, or may have one: a client, or whoever was one when money was moved. Raises NotFound."""
    user = accounts.get(user_id)
    if user.role != "client" and not wallets.has_moved(user_id):
        raise NotFound
    return user


def _cells(moved: Moved, zone: ZoneInfo) -> tuple[Cell, ...]:
    at, source = moved.at.astimezone(zone).isoformat(timespec="seconds"), moved.source
    about = (source.conversion_id, source.offer, source.code) if source else (moved.reference, None, None)
    return at, moved.balance, as_decimal(moved.cents), moved.reason, *about, as_decimal(moved.balance_after_cents)


def _search() -> str:
    return request.args.get("q", "").strip()[:100]
