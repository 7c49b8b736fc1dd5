"""Why something can't be logged."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import Conflict, DomainError


class InTheFuture(DomainError):
    code = "in_the_future"
    message = _l("This lies in the future. Log it once it has happened.")


class TooLongAgo(DomainError):
    code = "too_long_ago"
    message = _l("You can log up to 2 days back. Please choose a later day.")


class AlreadyLogged(DomainError):
    code, status = "already_logged", 409
    message = _l("You have already logged this. If this is another one, please change its time.")


class AlreadyCheckedIn(AlreadyLogged):
    message = _l("You have checked in for this day already. Choose another day: each earns once, also if deleted.")


class DateBeforeMove(DomainError):
    code = "date_before_last_checkin"
    message = _l("You have changed your time zone since your last check-in. Please choose a date that isn't before it.")


class AlreadyFollowed(Conflict):
    code, message = "already_followed", _l("This client follows that programme already.")


class ProgramInactive(DomainError):
    code, message = "inactive", _l("This programme is switched off. Switch it on first, or choose another one.")


class ProgramStale(Conflict):
    """Somebody was faster; `version` is theirs."""

    message = _l("This programme was changed while you had it open. What you typed is kept: save again to use it.")

    def __init__(self, version: int) -> None:
        super().__init__(version=version)
        self.version = version


class ProgramEnded(Conflict):
    """It was completed or cancelled already, and stays so."""

    code = "already_ended"

    def __init__(self, status: str) -> None:
        super().__init__(program_status=status)
        self.program_status = status

    @property
    def message(self) -> str:  # type: ignore[override]  # a sentence about its facts
        if self.program_status == "completed":
            return _("This programme is completed already.")
        return _("This programme was cancelled. Assign it again if they follow it anew.")
