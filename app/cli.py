"""The command line door: `flask --app wsgi …`."""

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from flask_migrate import upgrade

from app import demo
from app.accounts import desk, passwords, rules
from app.accounts import service as accounts
from app.accounts.desk import Account
from app.audit.service import Actor
from app.config import settings
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.loyalty import service as loyalty
from app.orders import books as order_books
from app.promotions import books as promotion_books

CONSOLE = Actor(None, "command line")
demo_commands = AppGroup("demo", help="A believable small business to look at.")
loyalty_commands = AppGroup("loyalty", help="XP and points.")


@demo_commands.command("load")
def load_demo() -> None:
    """Fill an empty database with the demo business."""
    if not demo.is_wanted():
        raise click.ClickException("There are accounts here already; the demo is only for an empty database.")
    demo.load(clock.now())
    click.echo(f"Loaded. Sign in as {', '.join(demo.SIGN_INS)} with the password {demo.PASSWORD}.")


@loyalty_commands.command("reconcile")
def reconcile_loyalty() -> None:
    """Prove that every total is the sum of its ledger; name each that isn't, and change nothing."""
    differences = loyalty.differences()
    for each in differences:
        click.echo(f"user {each.user_id}: {each.what} is {each.shown}, its ledger adds up to {each.summed}")
    if differences:
        raise click.ClickException(f"{len(differences)} of the totals are not the sum of their ledger.")
    click.echo("Every total is the sum of its ledger.")


@click.command("check-invariants")
@with_appcontext
def check_invariants() -> None:
    """Prove the books; name each row that contradicts them, and change nothing."""
    found = [str(each) for each in (*promotion_books.faults(), *order_books.faults())]
    found += [f"book 3: user {each.user_id}: {each.what} differs from its ledger" for each in loyalty.differences()]
    for each in found:
        click.echo(each)
    if found:
        raise click.ClickException(f"{len(found)} contradictions in the books.")
    click.echo("The books are right.")


@click.command("prepare")
@with_appcontext
def prepare() -> None:
    """Bring the database up to date; on a first start that is not production, load the demo."""
    upgrade()
    if not settings().is_production and demo.is_wanted():
        demo.load(clock.now())


@click.command("create-admin")
@click.option("--username", prompt=True, help="3 to 32 letters (a to z), digits or the characters _ . -")
@click.option("--email", prompt=True)
@click.password_option(envvar="LAUREL_ADMIN_PASSWORD", help="Asked for when it isn't in LAUREL_ADMIN_PASSWORD.")
@with_appcontext
def create_admin(username: str, email: str, password: str) -> None:
    """Make an admin, such as the first one."""
    if not rules.SHORTEST_PASSWORD <= len(password) <= rules.LONGEST_PASSWORD:
        raise click.ClickException(f"Please take a password of at least {rules.SHORTEST_PASSWORD} characters.")
    account = Account(
        email=email,
        display_name="",
        role="admin",
        coach_id=None,
        timezone=accounts.home_timezone(),
        locale="en",
    )
    password_hash = passwords.hash_password(password)
    try:
        with unit_of_work():
            desk.create(username.strip(), account, password_hash=password_hash, actor=CONSOLE, now=clock.now())
    except DomainError as refusal:
        raise click.ClickException(str(refusal.message)) from refusal
    click.echo(f"{username.strip()} is an admin now; sign in at {settings().base_url}/login.")


def register_commands(app: Flask) -> None:
    """Give the app its commands."""
    app.cli.add_command(demo_commands)
    app.cli.add_command(loyalty_commands)
    app.cli.add_command(check_invariants)
    app.cli.add_command(prepare)
    app.cli.add_command(create_admin)
