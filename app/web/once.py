"""Forms that name themselves, so that whoever presses their button twice does once what they ask for."""

import hashlib
import re
import secrets
from typing import Any

from wtforms import HiddenField

from app.kit import clock, idempotency
from app.web.forms import Form
from app.web.visitor import actor

KEY = re.compile(r"[0-9a-f]{32}")


class OnceForm(Form):
    """`key` names this very form, as it was shown: two presses of its button have the same."""

    key = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not KEY.fullmatch(self.key.data or ""):
            self.begin_anew()

    def begin_anew(self) -> None:
        """What is typed here is something else than what this form was sent with before."""
        self.key.data = secrets.token_hex(16)

    def was_sent(self, *what: object) -> bool:
        """Whether the same person has had exactly this done by this very form; if not, it is done in this unit of work.

        A second press waits for the first: a wait that is too long is what the database says of it (a 503).
        """
        asked = hashlib.sha256("\n".join([str(self.key.data), *map(str, what)]).encode()).hexdigest()
        caller = f"form:{actor().user_id}"
        try:
            if idempotency.claim(caller, asked, asked, now=clock.now()) is not None:
                return True
        except idempotency.TwinAtWork as error:
            raise (error.__cause__ or error) from None
        idempotency.keep(caller, asked, status=303, body="")
        return False
