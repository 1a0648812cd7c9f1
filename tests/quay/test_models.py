"""What Quay's answers mean, in all the forms that they take."""

import base64
import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bot.quay import models

KEY = {
    "kid": "k1",
    "service": "quay",
    "jwk": {"kty": "RSA", "e": "AQAB", "n": "abc"},
    "created_date": "Mon, 23 Nov 2026 22:45:56 GMT",
}
# The example of RFC 7638, section 3.1.
RFC_7638_KEY = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX"
    "jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs"
    "8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


def test_a_fingerprint_is_that_of_the_rfc() -> None:
    """Only the required members count; both spellings are the same fingerprint."""
    key = models.ServiceKey.model_validate(KEY | {"jwk": RFC_7638_KEY})
    assert key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert key.thumbprint_hex == base64.urlsafe_b64decode(key.thumbprint + "=").hex()


@pytest.mark.parametrize("jwk", [{}, {"kty": "RSA", "e": "AQAB"}, {"kty": "new", "x": "y"}])
def test_an_incomplete_public_key_has_no_fingerprint(jwk: dict[str, str]) -> None:
    """Rather none than a wrong one."""
    assert models.ServiceKey.model_validate(KEY | {"jwk": jwk}).thumbprint is None


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(lambda moment: moment.replace(microsecond=0)))
def test_dates_are_read_in_every_form(moment: datetime) -> None:
    """Keys say GMT, logs -0000, and a model read back from JSON says ISO: all mean UTC."""
    aware = moment.replace(tzinfo=UTC)
    for text in (format_datetime(aware, usegmt=True), format_datetime(moment), aware.isoformat()):
        assert models.LogEntry.model_validate({"kind": "x", "datetime": text}).at == aware


@given(st.integers(0, 4_000_000_000_000))
def test_the_size_was_measured_at_epoch_milliseconds(milliseconds: int) -> None:
    """Not a millisecond is lost."""
    size = models.RegistrySize.model_validate({"size_bytes": 1, "last_ran": milliseconds})
    assert size.last_ran
    assert round(size.last_ran.timestamp() * 1000) == milliseconds
    assert size.last_ran.tzinfo is UTC


@pytest.mark.parametrize(("given_bytes", "read"), [(5, 5), (5368709120.0, 5368709120), (2**63 - 1, 2**63 - 1)])
def test_a_limit_is_a_whole_number_of_bytes(given_bytes: float, read: int) -> None:
    """Quay writes some limits with a decimal point."""
    assert models.Quota.model_validate({"id": 1, "limit_bytes": given_bytes}).limit_bytes == read


def test_a_limit_between_two_bytes_is_refused() -> None:
    """It is not rounded in silence."""
    with pytest.raises(ValidationError):
        models.Quota.model_validate({"limit_bytes": 5.5})


@pytest.mark.parametrize(
    "model",
    [
        models.CreatedUser(username="u", password="s3cret", encrypted_password="s3cret"),
        models.CreatedServiceKey(kid="k", service="s", public_key="p", private_key="s3cret"),
        models.ConfigDump.model_validate({"config": {"KEY": "s3cret"}, "env": {"TOKEN": "s3cret"}}),
        models.Build(id="b", phase="complete", archive_url="https://s3cret", trigger={"token": "s3cret"}),
        models.BuildLogs(logs_url="https://s3cret"),
    ],
)
def test_a_secret_is_never_shown_by_accident(model: BaseModel) -> None:
    """Neither repr nor str nor a log line that formats the model tells it."""
    assert "s3cret" not in f"{model!r} {model}"


@pytest.mark.parametrize("model", [models.CreatedUser, models.CreatedServiceKey, models.ConfigDump, models.Quotas])
def test_an_answer_that_does_not_fit_is_not_quoted(model: type[BaseModel]) -> None:
    """pydantic would show what it was given."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(json.dumps({"password": ["s3cret"], "private_key": ["s3cret"], "config": "s3cret"}))
    assert "s3cret" not in str(caught.value)


def test_unknown_fields_and_a_missing_performer_are_no_problem() -> None:
    """Quay grows, and some log entries have nobody who did it."""
    entry = models.LogEntry.model_validate(
        {"kind": "x", "datetime": "Mon, 23 Nov 2026 23:08:04 -0000", "new": 1, "namespace": None}
    )
    assert (entry.performer, entry.namespace) == (None, None)
