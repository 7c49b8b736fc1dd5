"""The address itself: everybody's way to the page they begin with."""

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from app.web.frame import home_url
from app.web.visitor import access, signed_in

bp = Blueprint("home", __name__)


@bp.get("/")
@access("public")
def start() -> ResponseReturnValue:
    user = signed_in()
    return redirect(home_url(user.role if user else "shopper"))
