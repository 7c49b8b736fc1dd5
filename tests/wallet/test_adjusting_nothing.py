"""Cash that admins move by hand."""

import pytest

from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.wallet import adjusting
from app.wallet import service as wallets
from app.wallet.errors import NothingToMove
from tests import make
from tests.make import NOW


@pytest.mark.usefixtures("app")
def test_an_adjustment_of_nothing_is_refused_before_the_database_does() -> None:
    ada = make.user()
    with pytest.raises(NothingToMove) as refusal, unit_of_work():
        adjusting.adjust(ada.id, 0, "Because", key="a" * 32, actor=SYSTEM, now=NOW)
    assert refusal.value.field == "amount"
    assert not wallets.has_moved(ada.id)
