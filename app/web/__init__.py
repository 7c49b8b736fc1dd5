"""The HTML doors, one blueprint each."""

from flask import Flask

from app.web import admin, auth, client, coach, store
from app.web.frame import init_frame


def register_doors(app: Flask) -> None:
    init_frame(app)
    for door in (auth, store, client, coach, admin):
        app.register_blueprint(door.bp)
