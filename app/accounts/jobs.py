"""The back door of accounts: what opens nothing any more is cleared away."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from app.accounts.models import PasswordReset, RefreshToken
from app.kit.db import db, unit_of_work
from app.kit.ticker import every

KEPT_FOR = timedelta(days=30)


@every("accounts.forget_tokens", seconds=86_400)
def forget_tokens(now: datetime) -> None:
    """Links and refresh tokens that ended a month ago. Until then a stolen one that comes back is still recognised."""
    with unit_of_work():
        for model in (PasswordReset, RefreshToken):
            db.session.execute(delete(model).where(model.expires_at < now - KEPT_FOR))
