"""Why a bonus can't be claimed, cancelled or changed."""

from collections.abc import Collection
from typing import Any

from flask_babel import lazy_gettext as _l

from app.bonuses.words import sentence
from app.errors import Conflict, DomainError, NotFound
from app.promotions.errors import ActiveClaims
from app.promotions.rules import Verdict
from app.promotions.words import facts_for_json

STAYS = _l("This can't change while claims are active. Wait until they are over, or cancel them.")
FIXED = _l("This is fixed once the bonus is made. Make a new one instead.")


class BonusRefused(DomainError):
    """The bonus doesn't apply. `code` is the reason code, `message` says what would help."""

    code, status = "not_found", 422

    def __init__(self, verdict: Verdict, *, field: str = "code") -> None:
        super().__init__(field=field, **facts_for_json(verdict, for_shoppers=True))
        self.code = verdict.rule  # type: ignore[misc]
        self.verdict = verdict

    @property
    def message(self) -> Any:
        return sentence(self.verdict)


class TermsProtected(ActiveClaims):
    """What was promised to whoever has claimed it doesn't change under their hands; `fields` names what would."""

    message = _l("Somebody has claimed this bonus, and the claim is active: these terms can't change now.")

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(changed=sorted(names))

    @property
    def fields(self) -> dict[str, list[str]]:
        return {name: [str(STAYS)] for name in self.facts["changed"]}


class CashbackDue(ActiveClaims):
    """Clients have spent what they were promised a part of."""

    message = _l("A period of this cashback is over and isn't credited yet. Please try again in some minutes.")


class ClaimsActive(ActiveClaims):
    """Whoever has claimed it still has something coming to them."""

    message = _l(
        "Members have active claims of this bonus, so it stays. Wait until they are over, or cancel them first: they "
        "stand under Claims."
    )


class FixedAfterCreation(Conflict):
    """Code and type are what members know a bonus by."""

    message = _l("Code and type of a bonus are fixed once it is made. Make a new one instead.")

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(changed=sorted(names))

    @property
    def fields(self) -> dict[str, list[str]]:
        return {name: [str(FIXED)] for name in self.facts["changed"]}


class NotActive(Conflict):
    code, message = "not_active", _l("This bonus is over already, so there is nothing to cancel.")


class UnknownClient(NotFound):
    message = _l("There is no active client of this username. Please check its spelling.")
