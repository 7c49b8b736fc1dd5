"""The door through which people come in: sign-in, registration, passwords, profile."""

from flask import Blueprint

bp = Blueprint("auth", __name__)
