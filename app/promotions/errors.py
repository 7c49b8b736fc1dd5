"""Why something can't be done with a promotion."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import Conflict, DomainError


class UsageLimitReached(DomainError):
    code, message = "usage_limit_reached", _l("This code has been used up.")


class UserLimitReached(DomainError):
    code, message = "user_limit_reached", _l("You have used this code as often as it allows.")


class SwitchedOff(DomainError):
    code, message = "inactive", _l("This code is switched off right now.")


class DuplicateCode(Conflict):
    code, message = "duplicate_code", _l("Another promotion has this code. Please choose another one.")


class UnknownCode(DomainError):
    code, message = "unknown_code", _l("This promotion has no such code.")


class HasOneCode(Conflict):
    message = _l("This promotion has one code, the same for everybody. Make a new one for single-use codes.")


class OrderedMeanwhile(Conflict):
    message = _l("More codes were ordered in the meantime. Look how many there are; then order again what you need.")


class CannotOpen(Conflict):
    """Switching on what is past its end or used up; the message names what to change."""


class Archived(Conflict):
    message = _l("This promotion is archived and stays as it is. Make a new one instead.")


class NotStarted(Conflict):
    message = _l("It hasn't started yet, so it can't end. Switch it off, or change its start.")


class ActiveClaims(Conflict):
    code, message = "active_claims", _l("Somebody has something running on it. Wait until that is over, or cancel it.")


class Stale(Conflict):
    """Somebody was faster: `who` changed the fields `changed`, and `version` is theirs."""

    def __init__(self, *, who: Sequence[str], changed: Sequence[str], version: int) -> None:
        super().__init__(changed_by=list(who), changed=list(changed), version=version)

    @property
    def message(self) -> Any:  # type: ignore[override]  # a sentence about its facts
        """By the names that the fields have at the door at which it is told."""
        if not self.facts["changed_by"]:
            return Conflict.message
        told = {name: ", ".join(self.facts[name]) for name in ("changed_by", "changed")}
        return _("%(changed_by)s changed this in the meantime (%(changed)s). Nothing of yours is lost.", **told)
