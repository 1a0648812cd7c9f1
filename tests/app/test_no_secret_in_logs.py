"""Whatever is logged, the secrets of the settings are masked: in messages, fields and tracebacks."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.config.logs import masking

SECRET = "xoxb-123456789-secret"
MASK = masking([SECRET, "short"])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(SECRET) | st.just(f"a {SECRET} b"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def masked(entry: dict[str, Any]) -> dict[str, Any]:
    return dict(MASK(None, "info", entry))  # type: ignore[arg-type]


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_a_secret_is_masked_however_deep_it_is(entry: dict[str, Any]) -> None:
    """In lists, in dictionaries, in the middle of a text."""
    assert SECRET not in str(masked(entry))


def test_a_traceback_is_masked_as_well() -> None:
    """It is text by the time it is masked."""
    assert masked({"exception": f"Traceback …\nValueError: {SECRET}"})["exception"].endswith("[secret]")


def test_what_is_no_secret_stays() -> None:
    """Values too short to be told from ordinary words are left alone."""
    assert masked({"event": "a short word", "count": 3}) == {"event": "a short word", "count": 3}
