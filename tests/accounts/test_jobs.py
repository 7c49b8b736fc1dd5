"""What is cleared away by itself."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts import jobs, tokens
from app.accounts.models import RefreshToken
from app.kit.db import db, unit_of_work
from tests import make


@pytest.mark.usefixtures("app")
def test_tokens_are_kept_for_a_month_after_they_ended() -> None:
    user = make.user()
    with unit_of_work():
        tokens.issue(user, make.NOW)
    ended = make.NOW + tokens.REFRESH_LIFETIME
    jobs.forget_tokens(ended + timedelta(days=29))
    assert len(db.session.scalars(select(RefreshToken)).all()) == 1
    jobs.forget_tokens(ended + timedelta(days=31))
    assert db.session.scalars(select(RefreshToken)).all() == []
