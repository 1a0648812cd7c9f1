"""What Quay's answers mean, in all the forms that they take."""

import base64
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bot.quay import models
from bot.quay.answers import Answer, Entries, Page

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


MODELS = [
    model
    for model in vars(models).values()
    if isinstance(model, type) and issubclass(model, Answer) and not getattr(model, "__parameters__", None)
]
SAMPLES: dict[str, Any] = {
    "str": "x",
    "SecretStr": "x",
    "int": 1,
    "datetime": "Mon, 23 Nov 2026 22:45:56 GMT",
}
OPTIONAL = [
    pytest.param(model, name, id=f"{model.__name__}.{name}")
    for model in MODELS
    for name, field in model.model_fields.items()
    if not field.is_required()
]


def _required(model: type[Answer]) -> dict[str, Any]:
    """The least that Quay can answer for a model: its required fields, under Quay's names."""
    sample: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if field.is_required():
            kind = getattr(field.annotation, "__name__", "")
            empty: Any = [] if "tuple" in str(field.annotation) else {}
            sample[str(field.validation_alias or name)] = SAMPLES.get(kind, empty)
    return sample


@pytest.mark.parametrize(("model", "name"), OPTIONAL)
def test_null_means_the_default(model: type[Answer], name: str) -> None:
    """Quay writes null for what it does not know; that is no reason to read nothing of the rest."""
    alias = str(model.model_fields[name].validation_alias or name)
    read = model.model_validate_json(json.dumps(_required(model) | {alias: None}))
    assert read == model.model_validate(_required(model))
    assert name not in read.model_fields_set


def test_a_use_that_quay_does_not_tell_is_not_complete() -> None:
    """Rather no figure than a nought that looks counted."""
    assert models.QuotaReport.model_validate({"quota_bytes": 0, "backfill_status": "complete"}).is_complete
    assert not models.QuotaReport.model_validate({"quota_bytes": None, "backfill_status": "complete"}).is_complete


@pytest.mark.parametrize(
    ("model", "name", "good", "odd", "place"),
    [
        (Page[models.User], "users", {"username": "a"}, {"username": None}, "users.1.username"),
        (Page[models.Organization], "organizations", {"name": "a"}, "odd", "organizations.1"),
        (Page[models.ServiceKey], "keys", KEY, KEY | {"created_date": None}, "keys.1.created_date"),
        (
            models.LogPage,
            "logs",
            {"kind": "x", "datetime": "Mon, 23 Nov 2026 23:08:04 -0000"},
            {"kind": "x", "datetime": None},
            "logs.1.datetime",
        ),
        (models.Members, "members", {"name": "a"}, {"name": ["a"]}, "members.1.name"),
        (models.BuildLogs, "logs", {"message": "a"}, {"message": {}}, "logs.1.message"),
    ],
)
def test_an_entry_that_cannot_be_read_is_left_out_and_counted(
    model: type[Entries], name: str, good: Any, odd: Any, place: str
) -> None:
    """The others are what they would be without it; where it does not fit is known, and nothing of it is kept."""
    read = model.model_validate_json(json.dumps({name: [good, odd, good, odd, good]}))
    assert read.unreadable == 2
    assert read.left_out == (place, place.replace("1", "3", 1))
    assert read.model_copy(update={"left_out": ()}) == model.model_validate({name: [good] * 3})


@pytest.mark.parametrize("answer", ['{"users": "none"}', "{}", "[]", '{"users": [], "next_page": 5}', "5"])
def test_an_answer_without_its_list_is_not_an_empty_one(answer: str) -> None:
    """What is not of the API at all is not taken for a registry without users."""
    with pytest.raises(ValidationError):
        Page[models.User].model_validate_json(answer)


def test_a_quota_that_cannot_be_read_is_not_no_quota() -> None:
    """Only the lists that people page through are read entry by entry: its namespace is left out with it."""
    odd = {"name": "a", "quotas": [{"id": 1, "limit_bytes": "much"}]}
    page = Page[models.Organization].model_validate({"organizations": [odd, {"name": "b"}]})
    assert ([entry.name for entry in page.items], page.left_out) == (["b"], ("organizations.0.quotas.0.limit_bytes",))
    with pytest.raises(ValidationError):
        models.Quotas.model_validate(odd["quotas"])


@pytest.mark.parametrize("metadata", ["a robot", ["a"], 5])
def test_metadata_of_any_shape_is_kept(metadata: Any) -> None:
    """Under a name of its own; none is shown where an entry is logged by accident."""
    entry = models.LogEntry.model_validate(
        {"kind": "x", "datetime": "Mon, 23 Nov 2026 23:08:04 -0000", "metadata": metadata}
    )
    assert entry.metadata == {"metadata": metadata}
    assert "a robot" not in repr(entry)
