"""Discount codes by command."""

from pathlib import Path

from flask import Flask
from sqlalchemy import select, update

from app.audit.models import AuditEntry
from app.kit.db import db, unit_of_work
from app.promotions.models import Promotion
from tests import make

HEAD = "code,title,discount_type,discount_value\n"


def run(app: Flask, *words: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["promotions", *words])
    return result.exit_code, result.stdout + result.stderr


def titles() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Promotion.title).order_by(Promotion.id)))


def test_codes_go_out_to_a_file_or_the_terminal_and_back_in(app: Flask, tmp_path: Path) -> None:
    make.discount(code="ONE", title="กาแฟ")
    make.discount(code="OFF", title="Off", is_active=False)
    file = str(tmp_path / "codes.csv")
    assert run(app, "export", file) == (0, "")
    assert Path(file).read_bytes().startswith("\ufeffcode,title,".encode())
    assert run(app, "import", file) == (0, "0 new, 0 changed, 2 left as they are.\n")
    code, told = run(app, "export", "--status", "inactive")
    assert code == 0
    assert ("OFF,Off" in told, "กาแฟ" in told) == (True, False)


def test_a_file_is_checked_and_then_imported_in_the_name_of_the_command_line(app: Flask, tmp_path: Path) -> None:
    make.discount(code="OLD", title="Old")
    file = tmp_path / "codes.csv"
    file.write_text(f"{HEAD}old,New,percentage,10\nfresh,Fresh,fixed,5\n")
    told = "FRESH: new\nOLD: differs in title\n1 new, 1 changed, 0 left as they are.\nNothing was written.\n"
    assert run(app, "import", "--check", str(file)) == (0, told)
    assert titles() == ["Old"]
    told = "FRESH: made\nOLD: changed title\n1 new, 1 changed, 0 left as they are.\n"
    assert run(app, "import", str(file)) == (0, told)
    assert titles() == ["New", "Fresh"]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "promotion_sheet.imported")).one()
    assert entry.actor_label == "command line"


def test_every_flaw_is_printed_with_its_row_and_nothing_is_written(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text(f"{HEAD}A-1,Fine,fixed,5\nB-1,,fixed,101\nB 2,x,percentage,101\n")
    for words in (["--check"], []):
        code, told = run(app, "import", *words, str(file))
        assert code == 1
        assert "row 3, title: Please fill this in.\nrow 4, code: Please use only letters" in told
        assert "nothing of it was imported" in told
    file.write_text("title\nx\n")
    assert "row 1, code: There is no such column" in run(app, "import", str(file))[1]
    file.write_text("")
    assert run(app, "import", str(file))[1].startswith("There is no code in the file.\n")
    assert titles() == []


def test_the_books_of_uses_are_proved_and_each_wrong_row_is_named(app: Flask) -> None:
    made = make.discount(code="TEN")
    make.use("TEN")
    assert run(app, "reconcile") == (
        0,
        "Every counter is the number of its live uses, and no use is beyond its limit.\n",
    )
    with unit_of_work():
        db.session.execute(update(Promotion).values(used_count=7))
    code, told = run(app, "reconcile")
    assert code == 1
    assert f"book 1: promotions {made.id} counts 7 uses, but 1 are live\n" in told
    assert "1 contradictions" in told
    assert db.session.scalars(select(Promotion.used_count)).one() == 7
