"""The door for gunicorn and for flask's commands: `gunicorn wsgi:app`."""

from app import create_app
from app.config import settings
from app.kit import logs

app = create_app()
logs.configure(settings(app).log_format)
