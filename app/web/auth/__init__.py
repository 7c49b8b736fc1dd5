"""The door through which people come in: sign-in, registration, passwords, profile."""

from flask import Blueprint

bp = Blueprint("auth", __name__)

from app.web.auth import language, passwords, profile, register, sign_in  # noqa: E402, F401
