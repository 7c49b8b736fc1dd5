"""The first admin, by command."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import passwords
from app.accounts import service as accounts
from app.audit.models import AuditEntry
from app.kit.db import db

COMMAND = ["create-admin", "--username", "root", "--email", "root@example.com"]


def test_the_first_admin_is_made_and_audited(app: Flask) -> None:
    told = app.test_cli_runner().invoke(args=[*COMMAND, "--password", "a fine password"])
    assert told.exit_code == 0, told.output
    root = accounts.find("root")
    assert root is not None
    assert root.role == "admin"
    assert passwords.verify_password("a fine password", root.password_hash)
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.actor_label, entry.action, entry.entity_id) == ("command line", "create", str(root.id))


def test_the_password_is_asked_for_twice_where_it_isnt_given(app: Flask) -> None:
    told = app.test_cli_runner().invoke(args=COMMAND, input="a fine password\na fine password\n")
    assert told.exit_code == 0, told.output
    assert "a fine password" not in told.output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--password", "short"], "at least 8 characters"),
        (["--username", "a b", "--password", "a fine password"], "A name has 3 to 32 letters"),
        (["--email", "nonsense", "--password", "a fine password"], "not an e-mail address"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(app: Flask, change: list[str], said: str) -> None:
    told = app.test_cli_runner().invoke(args=[*COMMAND, *change])
    assert told.exit_code == 1
    assert said in told.output
    assert accounts.find("root") is None
