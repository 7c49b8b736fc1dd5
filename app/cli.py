"""The command line door: `flask --app wsgi …`."""

from typing import BinaryIO
from zoneinfo import ZoneInfo

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from flask_migrate import upgrade

from app import demo
from app.accounts import desk, passwords, rules
from app.accounts import service as accounts
from app.accounts.desk import Account
from app.audit.service import Actor
from app.bonuses import books as bonus_books
from app.config import settings
from app.deals import books as deal_books
from app.deposits import books as deposit_books
from app.discounts import exporting, importing, sheet
from app.discounts.words import FLAWS
from app.errors import DomainError, SheetRefused
from app.kit import clock, flaws, intake, outbox, sheets
from app.kit.db import unit_of_work
from app.loyalty import books as loyalty_books
from app.offers import books as offer_books
from app.orders import books as order_books
from app.promotions import books as promotion_books
from app.promotions.rules import STATUSES
from app.wallet import books as wallet_books

CONSOLE = Actor(None, "command line")
demo_commands = AppGroup("demo", help="A believable small business to look at.")
loyalty_commands = AppGroup("loyalty", help="XP and points.")
outbox_commands = AppGroup("outbox", help="What must still happen.")
wallet_commands = AppGroup("wallet", help="Money of clients.")
promotion_commands = AppGroup("promotions", help="Discount codes as CSV files, and the books of uses.")


@demo_commands.command("load")
def load_demo() -> None:
    """Fill an empty database with the demo business."""
    if not demo.is_wanted():
        raise click.ClickException("There are accounts here already; the demo is only for an empty database.")
    demo.load(clock.now())
    click.echo(f"Loaded. Sign in as {', '.join(demo.SIGN_INS)} with the password {demo.PASSWORD}.")


@loyalty_commands.command("reconcile")
def reconcile_loyalty() -> None:
    """Prove that totals and stock are sums of ledgers, and settled events decided; name each row that isn't."""
    found = loyalty_books.faults()
    for each in found:
        click.echo(str(each))
    if found:
        raise click.ClickException(f"{len(found)} contradictions between events, ledgers, totals and stock.")
    click.echo("Every total is the sum of its ledger, every stock of its entries, and every settled event was decided.")


@promotion_commands.command("export")
@click.argument("file", type=click.File("wb", atomic=True), default="-")
@click.option("--status", type=click.Choice(STATUSES), help="Only codes that are so; without it all but archived.")
def export_codes(file: BinaryIO, status: str | None) -> None:
    """Write the discount codes to a CSV file, or to the terminal; codes of batches are not among them."""
    rows = exporting.rows(status=status or "", zone=ZoneInfo(settings().timezone), now=clock.now())
    file.writelines(sheets.chunks(sheets.lines(exporting.COLUMNS, rows)))


@promotion_commands.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--check", "is_check", is_flag=True, help="Tell what would be done, and do nothing.")
def import_codes(file: BinaryIO, *, is_check: bool) -> None:
    """Make and change discount codes as a CSV file says: all of it, or nothing where a row is wrong."""
    zone, now = ZoneInfo(settings().timezone), clock.now()
    try:
        read = sheet.read(file.read(intake.MOST_BYTES + 1), zone)
        plan = importing.plan(read, zone=zone, now=now)
        if not is_check:
            with unit_of_work():
                plan = importing.carry_out(read, plan, zone=zone, actor=CONSOLE, now=now)
    except SheetRefused as refusal:
        for flaw in refusal.flaws:
            click.echo(_place(flaw) + flaws.sentence(flaw, FLAWS))
        raise click.ClickException(str(refusal.message)) from None
    except DomainError as refusal:
        raise click.ClickException(str(refusal.message)) from refusal
    _tell(plan, is_check=is_check)


def _place(flaw: sheets.Flaw) -> str:
    """`row 3, ends_at: `; nothing where it is the file itself."""
    return f"row {flaw.row}{f', {flaw.column}' if flaw.column else ''}: " if flaw.row else ""


def _tell(plan: importing.Plan, *, is_check: bool) -> None:
    for new in plan.made:
        click.echo(f"{new.code}: {'new' if is_check else 'made'}")
    for edit in plan.changed:
        click.echo(f"{edit.code}: {'differs in' if is_check else 'changed'} {', '.join(edit.columns)}")
    made, changed = len(plan.made), len(plan.changed)
    click.echo(f"{made} new, {changed} changed, {plan.unchanged} left as they are.")
    if is_check:
        click.echo("Nothing was written.")


@promotion_commands.command("reconcile")
def reconcile_promotions() -> None:
    """Prove that counters, uses and limits agree; name each row that doesn't, and change nothing."""
    found = promotion_books.faults()
    for each in found:
        click.echo(str(each))
    if found:
        raise click.ClickException(f"{len(found)} contradictions between counters, uses and limits.")
    click.echo("Every counter is the number of its live uses, and no use is beyond its limit.")


@wallet_commands.command("reconcile")
def reconcile_wallets() -> None:
    """Prove that balances are sums of ledgers, and what moved them right; name each row that isn't.

    That is conversions, deposits, withdrawals, bonuses with their turnover, and orders paid from wallets.
    """
    books = (wallet_books, offer_books, bonus_books, deposit_books)
    found = [fault for book in books for fault in book.faults()]
    found += [fault for fault in order_books.faults() if fault.book in {wallet_books.BOOK, bonus_books.BONUSES}]
    for each in found:
        click.echo(str(each))
    if found:
        raise click.ClickException(f"{len(found)} contradictions between wallets, their ledgers and what moved them.")
    click.echo("Every balance is the sum of its ledger, and everything that moved money moved what it says, once.")


@outbox_commands.command("sweep")
def sweep_outbox() -> None:
    """Work off what waits, as the schedule does: what no bell was heard for, or whose worker died."""
    for name in sorted(outbox.TOPICS):
        click.echo(f"{name}: {outbox.sweep(name, clock.now())} settled")
    for each in outbox.backlog():
        if each.waiting or each.set_aside:
            click.echo(f"{each.topic}: {each.waiting} still waiting, {each.set_aside} set aside")


@click.command("check-invariants")
@with_appcontext
def check_invariants() -> None:
    """Prove the books; name each row that contradicts them, and change nothing."""
    books = (
        promotion_books,
        order_books,
        deal_books,
        offer_books,
        bonus_books,
        deposit_books,
        wallet_books,
        loyalty_books,
    )
    found = [fault for book in books for fault in book.faults()]
    for each in found:
        click.echo(str(each))
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
    app.cli.add_command(outbox_commands)
    app.cli.add_command(promotion_commands)
    app.cli.add_command(wallet_commands)
    app.cli.add_command(check_invariants)
    app.cli.add_command(prepare)
    app.cli.add_command(create_admin)
