"""What waits for somebody: what is not listed is counted."""

from datetime import UTC, datetime

import pytest

from bot.permissions import Actor
from bot.storage.vault import StoredSecret
from bot.views import meta
from tests.support.world import TEAM, text_of, valid

EXPIRY = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unseen", "said"), [(meta.UNSEEN, None), (meta.UNSEEN + 1, "And 1 more unseen"), (30, "And 26 more unseen")]
)
def test_unseen_secrets_that_are_not_offered_yet_are_counted(unseen: int, said: str | None) -> None:
    """Nobody takes the first few for all of them."""
    kept = [
        StoredSecret(str(number), Actor(TEAM, "U0ALICE"), "C1", f"the password of kim{number}", "users list", EXPIRY)
        for number in range(unseen)
    ]
    shown = meta.pending([], "U0ALICE", kept)
    valid(shown)
    assert text_of(shown).count("Reveal once") == meta.UNSEEN
    assert said is None or said in text_of(shown)
    assert ("more unseen" in text_of(shown)) is (said is not None)
