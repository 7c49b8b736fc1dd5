"""What accounts refuse, in the words that people hear."""

from flask_babel import lazy_gettext as _l

from app.errors import Conflict, DomainError


class WrongCredentials(DomainError):
    code, status = "unauthorized", 401
    message = _l("That name and password don't fit together. Check both, or ask for a new password.")


class NameTaken(DomainError):
    code = "name_taken"
    message = _l("That username is taken. Please choose another one.")

    def __init__(self) -> None:
        super().__init__(field="username")


class EmailTaken(DomainError):
    code = "email_taken"
    message = _l("There is an account with that e-mail address already. Sign in, or ask for a new password.")

    def __init__(self) -> None:
        super().__init__(field="email")


class NotAnEmail(DomainError):
    code = "not_an_email"
    message = _l("This is not an e-mail address. It looks like ada@example.com.")

    def __init__(self) -> None:
        super().__init__(field="email")


class UnknownReferral(DomainError):
    code = "unknown_referral"
    message = _l("We don't know that referral code. Check it, or leave it empty.")

    def __init__(self) -> None:
        super().__init__(field="referral_code")


class RegistrationClosed(DomainError):
    code, status = "registration_closed", 403
    message = _l("New accounts can't be made here at the moment. Please ask us for one.")


class WrongPassword(DomainError):
    code = "wrong_password"
    message = _l("That is not your present password.")

    def __init__(self, field: str = "password") -> None:
        super().__init__(field=field)


class DeadLink(DomainError):
    code, status = "dead_link", 410
    message = _l("This link was used already or is too old. Please ask for a new one.")


class ZoneChangedToday(DomainError):
    code = "timezone_changed_recently"
    message = _l("The time zone can change once in 24 hours. Please try again tomorrow.")

    def __init__(self) -> None:
        super().__init__(field="timezone")


class LastAdmin(Conflict):
    code = "last_admin"
    message = _l("This is the last active admin. Make somebody else an admin first.")


class AlreadyAnonymous(Conflict):
    code = "anonymous"
    message = _l("This account was anonymised: it can't be changed any more.")


class NotACoach(DomainError):
    code = "not_a_coach"
    message = _l("Please choose an active coach; only clients can have one.")

    def __init__(self) -> None:
        super().__init__(field="coach_id")


class NameBelongsToAccount(DomainError):
    code = "name_has_account"
    message = _l("That name belongs to an account. Sign in to shop under it, or choose another name.")

    def __init__(self) -> None:
        super().__init__(field="username")


class NotAName(DomainError):
    code = "not_a_name"
    message = _l("A name has 3 to 32 letters (a to z), digits or the characters _ . - (no spaces).")

    def __init__(self) -> None:
        super().__init__(field="username")
