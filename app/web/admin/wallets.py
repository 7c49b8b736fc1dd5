"""Clients' wallets, to be looked at: what each has, what moved it, and what could not be taken back."""

from collections.abc import Iterator
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone

from app.accounts import service as accounts
from app.accounts.models import User
from app.kit.db import db
from app.kit.htmx import page
from app.kit.lists import paginate, paginate_rows, stream
from app.kit.money import as_decimal
from app.kit.sheets import Cell
from app.offers import conversions
from app.wallet import service as wallets
from app.wallet.models import WalletEntry
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
    return page(*LIST, wallets=found, search=search, has_bonus=has_bonus)


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
    user = accounts.get(user_id)
    found, debts = paginate(wallets.entries(user_id), number=page_number()), wallets.debts(user_id)
    references = {each.reference for each in found.items} | {each.reference for each in debts}
    return page(
        *ONE,
        user=user,
        balances=wallets.balances(user_id),
        entries=found,
        debts=debts,
        owed_cents=sum(each.amount_cents for each in debts),
        behind=conversions.behind(references),
        movement=movement,
    )


@bp.get("/wallet/<int:user_id>.csv")
@access("admin")
def export_wallet(user_id: int) -> Response:
    """All movements of one wallet, the oldest first."""
    username = accounts.get(user_id).username
    return exported(ENTRY_COLUMNS, _rows(user_id, ZoneInfo(str(get_timezone() or "UTC"))), f"wallet-{username}")


def _rows(user_id: int, zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    """Read a few hundred at a time, the conversions behind them too; meanwhile no connection is held."""
    moved = stream(wallets.entries(user_id), WalletEntry.id, _facts, size=AT_ONCE)
    while batch := list(islice(moved, AT_ONCE)):
        behind = {
            reference: (each.conversion_id, each.offer.name, each.code)
            for reference, each in conversions.behind(facts["reference"] for facts in batch).items()
        }
        db.session.rollback()
        for facts in batch:
            at = facts["at"].astimezone(zone).isoformat(timespec="seconds")
            about = behind.get(facts["reference"], (facts["reference"], None, None))
            yield at, facts["balance"], facts["amount"], facts["reason"], *about, facts["after"]


def _facts(entry: WalletEntry) -> dict[str, Any]:
    return {
        "at": entry.created_at,
        "balance": entry.balance,
        "amount": as_decimal(entry.amount_cents),
        "reason": entry.reason,
        "reference": entry.reference,
        "after": as_decimal(entry.balance_after_cents),
    }


def _search() -> str:
    return request.args.get("q", "").strip()[:100]
