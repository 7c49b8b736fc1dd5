"""The HTML doors, one blueprint each."""

from flask import Flask

from app.web import admin, auth, client, coach, store


def register_doors(app: Flask) -> None:
    for door in (auth, store, client, coach, admin):
        app.register_blueprint(door.bp)
