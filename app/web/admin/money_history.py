"""The history of a deposit or a withdrawal in words: who decided what, with amounts and names."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.kit.money import cents_of
from app.web.admin.audit import Line, history_of
from app.web.admin.wallet_words import provider
from app.web.filters import money

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as people read it; `who` is empty where Laurel did it by itself."""

    at: datetime
    who: str
    did: str
    facts: list[str]


def told_of(entity: str, entity_id: int, client: str) -> list[Told]:
    """The newest entries about one deposit or withdrawal of this client, in three statements."""
    return [_told(line, client) for line in history_of(entity, entity_id)]


def _told(line: Line, client: str) -> Told:
    after = {each.field: each.after for each in line.changes}
    sentence = SENTENCES.get(line.entry.action)
    did = sentence(after | {"client": client}) if sentence else line.did
    return Told(line.entry.at, "" if line.actor == "system" else line.actor, did, list(_facts(after)))


def _confirmed(after: Facts) -> str:
    return _("confirmed it: %(amount)s for %(client)s", amount=_amount(after["amount"]), client=after["client"])


def _stray(after: Facts) -> str:
    facts = {"amount": money(after["amount_cents"]), "provider": provider(str(after["provider"]))}
    return _("sends back a payment that doesn't fit: %(amount)s by %(provider)s", **facts)


def _approved(after: Facts) -> str:
    return _("approved it: %(amount)s to %(client)s", amount=_amount(after["amount"]), client=after["client"])


def _denied(after: Facts) -> str:
    facts = {"amount": _amount(after["amount"]), "client": after["client"]}
    return _("refused it: %(client)s has the %(amount)s back", **facts)


def _facts(after: Facts) -> Iterator[str]:
    """What was said with it, and what else came of it."""
    if after.get("note"):
        yield str(after["note"])
    if cancelled := after.get("bonuses_cancelled"):
        yield ngettext("%(num)s bonus was cancelled.", "%(num)s bonuses were cancelled.", cancelled)
    if after.get("debt"):
        yield _("%(amount)s was no longer there, and is owed.", amount=_amount(after["debt"]))


def _amount(number: float) -> str:
    """An amount as the log keeps it, with its currency."""
    return money(cents_of(Decimal(str(number))))


SENTENCES: Mapping[str, Callable[[Facts], str]] = {
    "deposit.confirmed": _confirmed,
    "deposit.refused": lambda _after: _("refused it"),
    "deposit.refunded": lambda _after: _("sent it back"),
    "deposit.stray_payment": _stray,
    "withdrawal.approved": _approved,
    "withdrawal.refused": _denied,
}
