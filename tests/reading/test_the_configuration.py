"""The configuration without its secrets: hidden by the bot's own rules, whatever Quay masked."""

import json
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.plans import Refusal
from bot.model.redaction import MASK, redact
from bot.quay.models import ConfigDump
from bot.slack.messages import Message
from bot.views.lists import Shown
from handlers.configuration import answer
from handlers.csv_files import as_csv
from tests.support.answers import asked, buttons, rows
from tests.support.world import World, text_of, valid

PLANTED = "Xq7PlantedSecretZz9"
SECRET_NAMES = [
    "SECRET_KEY",
    "s3_access_key",
    "dbPassword",
    "API_TOKEN",
    "private",
    "OAUTH",
    "credentials",
    "SENTRY_DSN",
    "SECURITY_SCANNER_V4_PSK",
    "PASSWORD_PEPPER",
    "RANDOM_SEED",
    "shared-hmac",
    "azure_sas",
    "userPin",
    "OTP",
    "MAIL_PASS",
    "DOOR_PASSCODE",
]
PLAIN_NAMES = ["HOST", "SERVERS", "default", "OPTIONS"]


def everything_shown(dump: ConfigDump, key: str | None) -> str:
    """All that a person gets to see: each page of the answer, and the file."""
    try:
        found = answer(dump, key)
    except Refusal as refusal:
        return str(refusal)
    if isinstance(found, Message):
        valid(found)
        return text_of(found)
    batch = found.fetch(None)
    try:
        batch.send(None)  # type: ignore[attr-defined]
    except StopIteration as finished:
        listed = finished.value.rows
    pages = [found.draw(Shown(listed[at : at + 20], at, len(listed))) for at in range(0, len(listed), 20)]
    for page in pages:
        valid(page)
    return "".join(map(text_of, pages)) + as_csv(found.columns, map(found.cells, listed)).decode()


plain = st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "quay.example.com", "10m"])
hidden_by_name = st.sampled_from(SECRET_NAMES).map(lambda name: {name: PLANTED})
hidden_by_pair = st.tuples(
    st.sampled_from(SECRET_NAMES), st.sampled_from([("name", "value"), ("key", "value"), ("Name", "Value")])
).map(lambda t: {t[1][0]: t[0], t[1][1]: PLANTED})
hidden_by_what_is_before = st.sampled_from(SECRET_NAMES).map(lambda name: [name, PLANTED])
hidden_by_value = st.sampled_from(
    [
        f"postgresql://quay:{PLANTED}@db.example/quay",
        f"redis://:{PLANTED}@redis.example",
        f"host=db password={PLANTED}",
        f'{{"token": "{PLANTED}"}}',
        f"-----BEGIN PRIVATE KEY-----\n{PLANTED}",
        f"https://x.example/hook?sig={PLANTED}",
        f"Bearer {PLANTED}",
        f"user:{PLANTED}@host",
    ]
)
planted = hidden_by_name | hidden_by_pair | hidden_by_what_is_before | hidden_by_value


def wrapped(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(plain, max_size=2).flatmap(lambda before: inner.map(lambda one: [*before, one]))
        | st.tuples(st.sampled_from(PLAIN_NAMES), inner, plain).map(lambda t: {t[0]: t[1], "PORT": t[2]})
        | st.tuples(st.sampled_from(SECRET_NAMES), inner).map(lambda t: {t[0]: t[1]})
    )


@given(st.recursive(planted, wrapped, max_leaves=4), st.sampled_from([*SECRET_NAMES, *PLAIN_NAMES]))
def test_a_planted_secret_is_shown_nowhere(secret: Any, name: str) -> None:
    """However deep it lies, by its name or by its look: in no message, in no file, and not when asked for by name."""
    dump = ConfigDump(config={name: secret, "HOST2": "quay.example.com"}, warning={}, env={})
    for key in (None, name, f"{name}.HOST", f"{name}.0", f"{name}.SECRET_KEY"):
        assert PLANTED not in everything_shown(dump, key)


MEASURES = ["TTL", "TTL_SEC", "TIMEOUT", "LIFETIME_MINUTES", "EXPIRATION", "REFRESH", "SIZE", "LENGTH", "LIMIT", "DAYS"]


@given(st.sampled_from(SECRET_NAMES), st.sampled_from(MEASURES), st.integers(0, 10**11))
def test_a_number_that_measures_is_shown_whatever_its_name_speaks_of(name: str, end: str, number: int) -> None:
    """A length of time, a size, a limit: by the end of its name. Anything but a number stays hidden there."""
    measure = f"{name}_{end}"
    assert redact({measure: number}) == {measure: number}
    others: list[Any] = [PLANTED, str(number), [number], {"a": number}]
    for other in others:
        assert redact({measure: other}) == {measure: MASK}


@given(st.sampled_from(SECRET_NAMES), st.sampled_from(["", "_CODE", "_ID", "_NUMBER", "_TTLS", "_LIMIT_X"]))
def test_a_number_that_may_be_a_secret_is_hidden(name: str, end: str) -> None:
    """Where the end of the name does not say what it measures."""
    assert redact({f"{name}{end}": 123456}) == {f"{name}{end}": MASK}


@given(st.dictionaries(st.text(), st.text(min_size=1)), st.sampled_from([None, "PATH", "DB_PASSWORD", "ENV", "env"]))
def test_the_environment_is_never_shown(environment: dict[str, str], key: str | None) -> None:
    """Quay does not mask it; the bot does not read it."""
    dump = ConfigDump(config={}, warning={}, env={**environment, "PATH": PLANTED, "DB_PASSWORD": PLANTED})
    assert PLANTED not in everything_shown(dump, key)


@given(st.recursive(plain | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_configuration_can_be_shown(value: Any) -> None:
    """Names and values that others chose ping nobody and break no message."""
    everything_shown(ConfigDump(config={"A": value}, warning={}, env={}), None)
    everything_shown(ConfigDump(config={"A": value}, warning={}, env={}), "A")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"FEATURE_APP_TOKENS": True}, {"FEATURE_APP_TOKENS": True}),
        ({"MAIL_PASSWORD": None}, {"MAIL_PASSWORD": None}),
        ({"DB_URI": "********** (43)"}, {"DB_URI": MASK}),
        ({"SERVER_HOSTNAME": "quay.example.com"}, {"SERVER_HOSTNAME": "quay.example.com"}),
        ({"LOGO": "https://quay.example.com/logo.png"}, {"LOGO": "https://quay.example.com/logo.png"}),
        ({"TOKEN_LIFETIME": 3600, "tokenLifetime": 1.5}, {"TOKEN_LIFETIME": 3600, "tokenLifetime": 1.5}),
        ({"EXPIRED_SERVICE_KEY_TTL_SEC": 604800}, {"EXPIRED_SERVICE_KEY_TTL_SEC": 604800}),
        ({"TOKEN_LIFETIME": "3600"}, {"TOKEN_LIFETIME": MASK}),
        ({"TOKEN_LIFETIME": {"a": 1}, "KEY_SIZE": [1]}, {"TOKEN_LIFETIME": MASK, "KEY_SIZE": MASK}),
        ({"KEYS": {"TTL": 5}, "KEY_ID_TTL": 10**12}, {"KEYS": MASK, "KEY_ID_TTL": MASK}),
        (["KEY_TTL", 5], ["KEY_TTL", MASK]),
        ({"KEYS": {"a": {"b": "c"}}}, {"KEYS": MASK}),
        (["sha256", "2w", "10.20.30.40"], ["sha256", "2w", "10.20.30.40"]),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY", MASK),
        ({"SECURITY_SCANNER_V4_PSK": "cGxhbnRlZA=="}, {"SECURITY_SCANNER_V4_PSK": MASK}),
        ({"PIN": 1234, "PING": 5, "SHIPPING": "a"}, {"PIN": MASK, "PING": 5, "SHIPPING": "a"}),
        ({"key": "DB_PASSWORD", "value": "hunter"}, {"key": MASK, "value": MASK}),
        ({"Name": "DB_PASSWORD", "Value": "hunter"}, {"Name": "DB_PASSWORD", "Value": MASK}),
        (["PASSWORD", "hunter", "host"], ["PASSWORD", MASK, "host"]),
        (["SEED", {"a": ["b"]}], ["SEED", MASK]),
        ({"AUTHOR": "kim", "AUTHORIZATION": "kim"}, {"AUTHOR": "kim", "AUTHORIZATION": MASK}),
    ],
)
def test_what_is_hidden_and_what_is_not(value: Any, shown: Any) -> None:
    """What is only on or off is no secret; what sounds like one is, with everything beneath it."""
    assert redact(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        "xoxb-plain",
        "see xapp-plain",
        "xoxp-plain",
        "AKIAIOSFODNNABCD",
        "hvs.plain",
        "ghp_plain",
        "glpat-plain",
        "sha256~plain",
        "https://hooks.slack.com/services/a/b/c",
        "YWJjZGVmZ2hpamtsbW5v=",
        "aGVsbG8gd29ybGQhIQ==",
        "AbCdEfGhIjKlMnOp",
        "JBSWY3DPEHPK3PXP",
        "deadbeef0123456789abcdef",
        "550e8400-e29b-41d4-a716-446655440000",
        "a1b2c-d3e4f-g5h6i-j7k8l",
        "Tr0ub4dor&3",
        "correct#horse7",
        "mongodb://a b:c d@host",
        "a " * 1001,
    ],
)
def test_what_does_not_look_like_words_is_hidden(value: str) -> None:
    """By the prefix that a provider gives, or since nobody would call it a word, a number, a host or a path."""
    assert redact(value) == MASK
    assert redact({value: "a"}) == {MASK: "a"}
    assert redact([f"is {value}"]) == [MASK]


@pytest.mark.parametrize(
    "value",
    [
        "Project Quay",
        "Welcome to our registry! Ask registry@example.com.",
        "CloudFrontedS3Storage",
        "RHOCSStorage",
        "RadosGWStorage",
        "STSS3Storage",
        "us-east-1",
        "local_us",
        "s3.eu-central-1.amazonaws.com",
        "quay-db.c9akciq32rgq.us-east-1.rds.amazonaws.com:5432",
        "http://clair-v4.quay.svc.cluster.local:8080",
        "/datastorage/registry/v2",
        "redis://redis.example:6379/0",
        "10.20.0.0/16",
        "2001:db8::1",
        "2026-11-24T12:00:00Z",
        "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        "SECURITY_SCANNER_V4_NAMESPACE_WHITELIST",
        "ou=People,dc=example,dc=com",
        "python-httpx/0.28.1",
        "v3.15.0-a1b2c3d",
        "107374182400B",
    ],
)
def test_ordinary_settings_stay_readable(value: str) -> None:
    """Hosts, paths, kinds of storage, moments, versions; as values and as names."""
    assert redact({value: [value]}) == {value: [value]}


def test_a_recorded_configuration_stays_readable() -> None:
    """Every text of a real Quay's that is under no secret name and that Quay did not mask itself."""
    recorded = json.loads((Path(__file__).parents[1] / "recordings/getConfigDump.json").read_text())
    config = next(each for each in recorded if each["case"] == "success")["response"]["json"]["config"]
    assert redact({**config, "DB_URI": ""}) == {**config, "DB_URI": ""}


@pytest.mark.parametrize("part", ["a:", "://", ":b", "key ", "auth", "passw", "eyJ", "aA1", "=", "a=", "sha256~ "])
def test_a_long_text_takes_no_time(part: str) -> None:
    """Others choose the values, so no text may keep the bot busy."""
    began = process_time()
    redact([part * (length // len(part)) for length in (1990, 200_000)])
    assert process_time() - began < 0.1


async def test_the_list_begins_with_the_feature_flags(world: World) -> None:
    """Then the rest by name, each with a short value."""
    answer_ = await asked(world, "config")
    names = [row[0] for row in rows(answer_)]
    assert names[0].startswith("FEATURE_")
    assert names == sorted(names, key=lambda name: (not name.startswith("FEATURE_"), name))
    assert "Showing 1–20 of" in text_of(answer_)


async def test_one_setting_and_what_is_inside_one(world: World) -> None:
    """By its name, in any letters, with dots before what is inside."""
    assert "FEATURE_MAILING is false" in (await asked(world, "config feature_mailing")).text
    inside = await asked(world, "config DISTRIBUTED_STORAGE_CONFIG")
    assert ["DISTRIBUTED_STORAGE_CONFIG.default.1.s3_bucket", "sandbox"] in rows(inside)
    assert ["DISTRIBUTED_STORAGE_CONFIG.default.1.s3_secret_key", MASK] in rows(inside)
    assert "is sandbox" in (await asked(world, "config DISTRIBUTED_STORAGE_CONFIG.default.1.s3_bucket")).text


async def test_the_file_of_the_configuration_holds_no_secret(world: World) -> None:
    """Neither the one that Quay forgot to mask nor the environment's."""
    await world.turn("U0CAROL", "page_file", buttons(await asked(world, "config"))["page_file"])
    ((_, name, content),) = world.slack.files
    assert name == "configuration.csv"
    assert b"sandbox-storage-secret" not in content
    assert b"sandbox-database-password" not in content
    assert b'"REGISTRY_TITLE","Sandbox Quay"' in content


NOT_THERE = [
    ("FEATURE_MAILNG", "Did you mean FEATURE_MAILING?"),
    ("SERVER_HOSTNAME.x", "There is no 'x' in 'SERVER_HOSTNAME'"),
    ("DB_PASSWORD", "There is no setting 'DB_PASSWORD'"),
    ("''", "it is empty"),
    ("<!channel>", "a setting is named in capitals"),
    ("\u202eFEATURE", "a setting is named in capitals"),
    ("X" * 10_000, "a setting is named in capitals"),
]


async def test_a_setting_that_is_not_there(world: World) -> None:
    """What was probably meant, or that there is none."""
    for typed, said in NOT_THERE:
        assert said in (await asked(world, f"config {typed}")).text
