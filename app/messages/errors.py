"""Why a mail isn't sent once more."""

from flask_babel import lazy_gettext as _l

from app.errors import Conflict


class StillWaiting(Conflict):
    message = _l("This mail is already waiting to be sent. Look again in a moment to see whether it went out.")


class SentMeanwhile(Conflict):
    message = _l("This mail went out in the meantime. There is nothing left to send again.")
