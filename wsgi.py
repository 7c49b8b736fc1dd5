"""The door for gunicorn and for flask's commands: `gunicorn wsgi:app`."""

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app import create_app, demo
from app.config import UnsafeSettings, settings
from app.kit import logs
from app.kit.db import db


def open_the_door() -> Flask:
    """The app, if it is safe to open. Raises UnsafeSettings."""
    app = create_app()
    logs.configure(settings(app).log_format)
    if settings(app).is_production:
        with app.app_context():
            _refuse_the_demo()
    return app


def _refuse_the_demo() -> None:
    try:
        names = demo.open_doors()
    except SQLAlchemyError as error:  # not migrated yet, or away: it is checked again when web starts next
        structlog.get_logger(__name__).warning("demo_not_checked", error=type(error).__name__)
        return
    finally:
        db.session.remove()
        db.engine.dispose()  # whoever forks from here begins with connections of its own
    if names:
        raise UnsafeSettings(
            f"These accounts still have the demo's password: {', '.join(names)}. Change or remove them."
        )


app = open_the_door()
