"""A visitor without JavaScript: the test client, with a browser's manners."""

import contextvars
import csv
import io
import secrets
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.datastructures import FileStorage, Headers
from werkzeug.test import TestResponse, encode_multipart

from app.kit.db import db

HTMX = {"HX-Request": "true"}
SAFE = {"GET", "HEAD", "OPTIONS"}


class Browser(FlaskClient):
    """Sends the CSRF token with unsafe requests as our pages do (`sends_csrf = False` for a forger's requests).

    A request runs outside the test's app context, so that nothing of the test leaks into it: no session, no `g`.
    What the test has read before is read anew after it.
    """

    sends_csrf = True

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if not args or not isinstance(args[0], str):  # the client itself, following a redirect
            return super().open(*args, **kwargs)
        if self.sends_csrf and kwargs.get("method", "GET") not in SAFE and not args[0].startswith("/api/"):
            kwargs["headers"] = Headers(kwargs.get("headers"))
            kwargs["headers"].setdefault("X-CSRFToken", self._csrf_token())
        db.session.rollback()
        answer: TestResponse = contextvars.Context().run(super().open, *args, **{"buffered": True, **kwargs})
        db.session.expire_all()
        return answer

    def _csrf_token(self) -> str:
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", secrets.token_hex())
        token = URLSafeTimedSerializer(str(self.application.secret_key), salt="wtf-csrf-token").dumps(raw)
        return str(token)


def send_csv(client: FlaskClient, path: str, text: str | bytes, do: str = "import", **how: Any) -> TestResponse:
    """The answer to a form with this file, sent by its button `do`."""
    file = FileStorage(io.BytesIO(text if isinstance(text, bytes) else text.encode()), "things.csv")
    boundary, body = encode_multipart({"do": do, "file": file})  # in memory: the client wouldn't close its file
    return client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}", **how)


def read_csv(client: FlaskClient, path: str) -> list[dict[str, str]]:
    """The rows of a file that is there to be fetched."""
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
