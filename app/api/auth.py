"""Tokens for people: made by password, renewed, ended."""

from typing import Annotated

from flask import request
from flask_babel import gettext as _
from pydantic import ConfigDict, Field

from app.accounts import service as accounts
from app.accounts import tokens
from app.accounts.credentials import authenticate
from app.accounts.errors import WrongCredentials
from app.api import bp
from app.api.endpoint import Answer, Promise, endpoint
from app.api.schemas import Body, Data, Printable
from app.api.tokens import public
from app.errors import Unauthorized
from app.kit import clock
from app.kit.db import unit_of_work

TAG = "Sign-in"
UNAUTHORIZED = {401: "`unauthorized`: name and password, or the token, are not good."}


class Credentials(Body):
    """Who signs in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"username": "admin", "password": "…"}]})
    username: Annotated[Printable, Field(min_length=1, max_length=254, description="The username or e-mail address.")]
    password: Annotated[Printable, Field(min_length=1, max_length=200)]


class Renewal(Body):
    """The refresh token at hand."""

    refresh_token: Annotated[Printable, Field(min_length=1, max_length=200)]


class Tokens(Data):
    """What opens the API for a while."""

    access_token: str = Field(description="A JWT: send it as `Authorization: Bearer …`.")
    refresh_token: str = Field(description="Gets the next pair, once.")
    expires_in: int = Field(description="Seconds until the access token ends.")


@bp.post("/v1/auth/token")
@public
@endpoint(Promise(TAG, Tokens, body=Credentials, refuses=UNAUTHORIZED))
def issue_tokens(body: Credentials) -> Answer:
    """Sign in with a password.

    The access token lasts 15 minutes. A password change, a new role and deactivation end it at once.
    """
    try:
        user = authenticate(body.username, body.password, address=request.remote_addr or "")
    except WrongCredentials as refusal:
        raise Unauthorized(refusal.message) from None
    with unit_of_work():
        accounts.note_sign_in(user, clock.now())
        pair = tokens.issue(user, clock.now())
    return _answer(pair)


@bp.post("/v1/auth/refresh")
@public
@endpoint(Promise(TAG, Tokens, body=Renewal, refuses=UNAUTHORIZED))
def refresh_tokens(body: Renewal) -> Answer:
    """Get the next pair of tokens.

    Each refresh token works once. One that comes a second time ends the whole sign-in, since somebody has a copy.
    """
    with unit_of_work():
        pair = tokens.refresh(body.refresh_token, clock.now())
    if pair is None:
        raise Unauthorized(_("This refresh token is no longer good. Please sign in again."))
    return _answer(pair)


@bp.post("/v1/auth/revoke")
@public
@endpoint(Promise(TAG, None, body=Renewal))
def revoke_tokens(body: Renewal) -> Answer:
    """Sign out.

    Ends this refresh token and all that came of it; doing it again is fine. The access token ends by itself.
    """
    with unit_of_work():
        tokens.revoke(body.refresh_token, clock.now())
    return Answer(None, _("Signed out."))


def _answer(pair: tokens.Pair) -> Answer:
    data = Tokens(access_token=pair.access, refresh_token=pair.refresh, expires_in=pair.expires_in)
    return Answer(data, _("Signed in."))
