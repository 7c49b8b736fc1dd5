"""Why something can't be logged."""

from flask_babel import lazy_gettext as _l

from app.errors import DomainError


class InTheFuture(DomainError):
    code = "in_the_future"
    message = _l("This lies in the future. Log it once it has happened.")


class TooLongAgo(DomainError):
    code = "too_long_ago"
    message = _l("You can log up to 2 days back. Please choose a later day.")


class AlreadyLogged(DomainError):
    code, status = "already_logged", 409
    message = _l("You have already logged this. Change the time, or delete the earlier entry first.")


class DateBeforeMove(DomainError):
    code = "date_before_last_checkin"
    message = _l("You have changed your time zone since your last check-in. Please choose a date that isn't before it.")
