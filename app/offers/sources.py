"""What movements of money were for: the wallet knows references only. Reads only."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import select

from app.kit.db import among, db
from app.kit.lists import stream
from app.offers.models import Conversion, OfferApplication
from app.wallet import service as wallets
from app.wallet.models import WalletEntry

PREFIX = "conversion:"
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Source:
    """The offer that was completed, by its name at the time, the code that paid for it, and the partner's id of it."""

    offer: str
    code: str
    conversion_id: str


@dataclass(frozen=True, slots=True)
class Moved:
    """An entry of somebody's wallet, and what it was for, if that is known here."""

    reason: str
    reference: str
    cents: int
    balance_after_cents: int
    at: datetime
    source: Source | None = None


def sources(references: Collection[str]) -> dict[str, Source]:
    """By each reference that names a conversion, what it was. One statement, or none where none does."""
    ids = {int(each.removeprefix(PREFIX)) for each in references if each.startswith(PREFIX)}
    if not ids:
        return {}
    query = select(Conversion.id, OfferApplication.offer_name, Conversion.code, Conversion.conversion_id)
    found = db.session.execute(
        query.join(OfferApplication, OfferApplication.conversion_id == Conversion.id).where(among(Conversion.id, ids))
    )
    return {f"{PREFIX}{row.id}": Source(row.offer_name, row.code, row.conversion_id) for row in found}


def movements(user_id: int) -> Iterator[Moved]:
    """Every entry of somebody's wallet, the oldest first. Two statements for every 500, none held open between them."""
    entries = stream(wallets.entries(user_id), WalletEntry.id, _plain, size=AT_ONCE)
    while batch := list(islice(entries, AT_ONCE)):
        known = sources({each.reference for each in batch})
        db.session.rollback()
        yield from (replace(each, source=known.get(each.reference)) for each in batch)


def _plain(entry: WalletEntry) -> Moved:
    return Moved(entry.reason, entry.reference, entry.amount_cents, entry.balance_after_cents, entry.created_at)
