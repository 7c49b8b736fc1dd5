"""Whom a caller may ask about."""

from flask_babel import gettext as _

from app.accounts import service as accounts
from app.accounts.models import User
from app.accounts.persons import Person
from app.api.tokens import caller
from app.errors import Forbidden, NotFound, NotTheirs, Unauthorized
from app.kit.text import fold

NOT_THEIRS = {
    401: "`unauthorized`: a `username` without a token, or a token that is no longer good.",
    403: "`forbidden`: the token may not read the person of that `username`.",
}


def person_asked_for(username: str | None) -> Person | None:
    """Whose limits count: a client's own without asking, somebody else's by a token that may read them.

    Raises Unauthorized, or Forbidden whether or not there is such a person.
    """
    who = caller()
    if username is None:
        return who.user.person if who.user and who.role == "client" else None
    if not who.is_known:
        raise Unauthorized(_("To ask for somebody by name, send a token that may read them."))
    if who.user and fold(username) == fold(who.user.username):
        return who.user.person
    user = accounts.find(username)
    is_client_of_theirs = who.user is not None and user is not None and user.coach_id == who.user.id
    if "read" not in who.scopes and not is_client_of_theirs:
        raise Forbidden
    return user.person if user else Person(username)


def client_named(username: str) -> User:
    """The client whom the address names, for a caller who may read them: a program, their coach, or they themself.

    Raises NotFound, also for somebody else's client: a person learns nothing about whom they may not read.
    """
    who, found = caller(), accounts.find(username)
    if found is None or found.role != "client":
        raise NotFound
    is_their_coach = who.role == "coach" and who.user is not None and found.coach_id == who.user.id
    if "read" not in who.scopes and not is_their_coach and who.user != found:
        raise NotTheirs
    return found
