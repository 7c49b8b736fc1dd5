"""The HTML doors, one blueprint each."""

from flask import Flask
from flask_wtf import CSRFProtect

from app.config import settings
from app.web import admin, auth, client, coach, home, media, store, styleguide
from app.web.filters import init_filters
from app.web.frame import init_frame
from app.web.languages import init_languages
from app.web.media import init_media
from app.web.stale import init_stale_forms
from app.web.store.stripe import hear_stripe
from app.web.visitor import init_visitors


def register_doors(app: Flask, csrf: CSRFProtect) -> None:
    """Open the doors. What Stripe tells is signed, and carries no token of a page."""
    csrf.exempt(hear_stripe)
    init_visitors(app)
    init_languages(app)
    init_filters(app)
    init_stale_forms(app)
    init_frame(app)
    init_media(app)
    for door in (home, media, auth, store, client, coach, admin):
        app.register_blueprint(door.bp)
    if settings(app).is_development:
        app.register_blueprint(styleguide.bp)
