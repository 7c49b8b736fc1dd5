"""The desk of wallets: what waits for a decision, and clients' wallets with what each has and what moved it."""

from collections.abc import Iterator
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.accounts import service as accounts
from app.accounts.models import User
from app.bonuses import claims
from app.config import settings
from app.deposits import finding
from app.deposits.models import ASKED, REQUESTED
from app.errors import NotFound
from app.kit import clock
from app.kit.db import db
from app.kit.htmx import page, wants_part
from app.kit.lists import paginate, paginate_rows, stream
from app.kit.money import as_decimal
from app.kit.sheets import Cell
from app.offers.sources import Moved
from app.wallet import service as wallets
from app.wallet.models import WalletEntry
from app.web.admin import bp, money_desk
from app.web.admin.deposits import surroundings
from app.web.admin.sheet_desk import exported
from app.web.admin.wallet_form import AdjustmentForm
from app.web.admin.wallet_things import Thing, things
from app.web.admin.wallet_words import claims_url
from app.web.admin.withdrawal_matters import freed, matters, turnover_refunded
from app.web.arguments import page_number
from app.web.visitor import access

LIST = ("admin/wallets.html", "admin/_wallets.html")
ONE = ("admin/wallet.html", "admin/_wallet_entries.html")
FORM = ("admin/wallet.html", "admin/_wallet_adjust.html")
COLUMNS = ("username", "email", "cash", "bonus", "owed")
ENTRY_COLUMNS = (
    *("at", "balance", "amount", "reason", "reference", "conversion", "offer", "code", "note", "balance_after"),
)
AT_ONCE = 500
OLDEST = 5


@bp.get("/wallet")
@access("admin")
def list_wallets() -> ResponseReturnValue:
    """Two statements for the list, however long it is, and a fixed number for what waits."""
    search = _search()
    found = paginate_rows(wallets.wallets(search), number=page_number())
    waits = {} if wants_part() else _what_waits()
    return page(*LIST, wallets=found, search=search, is_part=wants_part(), **waits)


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
    return show_one(owner(user_id))


@bp.get("/wallet/<int:user_id>.csv")
@access("admin")
def export_wallet(user_id: int) -> Response:
    """All movements of one wallet, the oldest first."""
    username = owner(user_id).username
    return exported(ENTRY_COLUMNS, _movements(user_id, money_desk.zone()), f"wallet-{username}")


def owner(user_id: int) -> User:
    """Who has a wallet, or may have one: a client, or whoever was one when money was moved. Raises NotFound."""
    user = accounts.get(user_id)
    if user.role != "client" and not wallets.has_moved(user_id):
        raise NotFound
    return user


def show_form(user: User, form: AdjustmentForm, status: int = 200, **also: Any) -> Response:
    """The form of an adjustment as it was typed, or the wallet with it; `also` is what came of it."""
    return show_one(user, form, status, FORM, **also)


def show_one(
    user: User, form: AdjustmentForm | None = None, status: int = 200, pages: tuple[str, str] = ONE, **also: Any
) -> Response:
    """One wallet, or a page of its entries; `form` as it was typed, `also` what else came of a form on it."""
    found = paginate(wallets.entries(user.id), number=page_number())
    debts, settled = wallets.debts(user.id), wallets.settled_debts(user.id)
    behind = things({each.reference for part in (found.items, debts, settled) for each in part})
    unasked = {"asked": money_desk.Asked(), "refused_debt": None, "question": "", "is_changing": False}
    around: dict[str, Any] = unasked | also
    return page(
        *pages,
        status,
        user=user,
        balances=wallets.balances(user.id),
        entries=found,
        debts=debts,
        settled=settled,
        owed_cents=sum(each.amount_cents for each in debts),
        claims_url=claims_url,
        active=claims.active_of(user.id, clock.now()),
        refunded=claims.refunded_since([user.id]).get(user.id, ()),
        held=finding.held(user.id),
        freed=freed,
        turnover_refunded=turnover_refunded,
        currency=settings().currency,
        behind=behind,
        form=form or AdjustmentForm(formdata=None),
        **around,
    )


def _what_waits() -> dict[str, Any]:
    """The oldest deposits and withdrawals to decide, how many there are, and what must be sent back by hand."""
    asked = db.session.execute(finding.deposits(status=REQUESTED).limit(OLDEST)).all()
    withdrawals = db.session.execute(finding.withdrawals(status=ASKED).limit(OLDEST)).all()
    return {
        "counts": money_desk.waiting(),
        "deposits": asked,
        "withdrawals": withdrawals,
        "matters": matters({user.id for _withdrawal, user in withdrawals}),
        "awaiting_return": finding.awaiting_return(),
        **surroundings([each for each, _user in asked], money_desk.DESK),
    }


def _movements(user_id: int, zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    """Row by row; a few statements for every 500, none held open between them."""
    entries = stream(wallets.entries(user_id), WalletEntry.id, _plain, size=AT_ONCE)
    while batch := list(islice(entries, AT_ONCE)):
        behind = things({each.reference for each in batch})
        rows = [_cells(each, behind[each.reference], zone) for each in batch]
        db.session.rollback()
        yield from rows


def _plain(entry: WalletEntry) -> Moved:
    """Read while its batch is: rows of the session are forgotten between two."""
    amounts = (entry.amount_cents, entry.balance_after_cents)
    return Moved(entry.reason, entry.reference, entry.balance, *amounts, entry.created_at)


def _cells(moved: Moved, thing: Thing, zone: ZoneInfo) -> tuple[Cell, ...]:
    source = thing.source
    about = (source.conversion_id, source.offer, source.code) if source else (None, None, None)
    return (
        money_desk.written(moved.at, zone),
        moved.balance,
        as_decimal(moved.cents),
        moved.reason,
        thing.name or moved.reference,
        *about,
        thing.note,
        as_decimal(moved.balance_after_cents),
    )


def _search() -> str:
    return request.args.get("q", "").strip()[:100]
