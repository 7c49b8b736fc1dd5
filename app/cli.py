"""The command line door: `flask --app wsgi …`."""

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from flask_migrate import upgrade

from app import demo
from app.config import settings
from app.kit import clock

demo_commands = AppGroup("demo", help="A believable small business to look at.")


@demo_commands.command("load")
def load_demo() -> None:
    """Fill an empty database with the demo business."""
    if not demo.is_wanted():
        raise click.ClickException("There are accounts here already; the demo is only for an empty database.")
    demo.load(clock.now())
    click.echo(f"Loaded. Sign in as {', '.join(demo.SIGN_INS)} with the password {demo.PASSWORD}.")


@click.command("prepare")
@with_appcontext
def prepare() -> None:
    """Bring the database up to date; on a first start that is not production, load the demo."""
    upgrade()
    if not settings().is_production and demo.is_wanted():
        demo.load(clock.now())


def register_commands(app: Flask) -> None:
    """Give the app its commands."""
    app.cli.add_command(demo_commands)
    app.cli.add_command(prepare)
