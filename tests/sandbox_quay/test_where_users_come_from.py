"""A registry whose users come from LDAP or the like, and one that sends e-mails."""

from typing import Any

import httpx
import pytest

from sandbox.quay.state import Registry, User

DOOR = "/sandbox/quay"
USERS = "/api/v1/superuser/users/"
READER = f"{USERS}reader"
RECOVERY = "/api/v1/superusers/users/{}/sendrecovery"
ELSEWHERE = ["LDAP", "JWT", "Keystone", "OIDC"]


def user(lab: Registry, name: str) -> User:
    found = lab.user(name)
    assert found is not None
    return found


async def configure(quay: httpx.AsyncClient, **features: object) -> None:
    assert (await quay.post(f"{DOOR}/features", json=features)).is_success


@pytest.mark.parametrize("authentication", ELSEWHERE)
async def test_users_from_elsewhere_are_not_made_here(
    lab: Registry, quay: httpx.AsyncClient, authentication: str
) -> None:
    """400, even before the name is looked at; the configuration says where they come from."""
    await configure(quay, authentication=authentication)
    refused = await quay.post(USERS, json={"username": "Kim!", "email": "kim@example.com"})
    assert (refused.status_code, refused.json()["error_type"]) == (400, "invalid_request")
    assert refused.json()["detail"] == "Cannot create a user in a non-database auth system"
    config = (await quay.get("/api/v1/superuser/config")).json()["config"]
    assert config["AUTHENTICATION_TYPE"] == authentication


@pytest.mark.parametrize("authentication", ELSEWHERE)
@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"password": "long enough", "enabled": False}, "Cannot change password in non-database auth"),
        ({"email": "new@example.com", "enabled": False}, "Cannot change e-mail in non-database auth"),
    ],
)
async def test_their_passwords_and_addresses_are_not_changed_here(
    lab: Registry, quay: httpx.AsyncClient, authentication: str, body: dict[str, Any], detail: str
) -> None:
    """Nor what else was asked for in the same request."""
    await configure(quay, authentication=authentication)
    refused = await quay.put(READER, json=body)
    assert (refused.status_code, refused.json()["detail"]) == (400, detail)
    assert user(lab, "reader").enabled
    assert lab.logs == []


async def test_they_are_disabled_and_deleted_as_others_are(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Only what their own directory keeps is refused; app tokens leave the addresses to Quay."""
    await configure(quay, authentication="LDAP")
    for enabled in (False, True):
        assert (await quay.put(READER, json={"enabled": enabled})).status_code == 200
    await configure(quay, authentication="AppToken")
    assert (await quay.put(READER, json={"email": "new@example.com"})).json()["email"] == "new@example.com"
    assert (await quay.delete(READER)).status_code == 204
    assert lab.user("reader") is None


async def test_with_mailing_an_address_is_a_must(lab: Registry, quay: httpx.AsyncClient) -> None:
    """A new user has the password at once, and is not verified until the mail is answered."""
    await configure(quay, mailing=True)
    for body in ({"username": "kim"}, {"username": "kim", "email": "kim"}):
        refused = await quay.post(USERS, json=body)
        assert refused.status_code == 400
        assert refused.json()["message"].startswith("Invalid email address: ")
    made = await quay.post(USERS, json={"username": "kim", "email": "kim@example.com"})
    assert (made.status_code, len(made.json()["password"])) == (200, 32)
    assert not user(lab, "kim").verified


async def test_with_the_mail_server_away_a_user_is_refused_and_made(lab: Registry, quay: httpx.AsyncClient) -> None:
    """The password is lost with the refusal."""
    await configure(quay, mailing=True, mail_server=False)
    refused = await quay.post(USERS, json={"username": "kim", "email": "kim@example.com"})
    assert (refused.status_code, set(refused.json())) == (400, {"message"})
    assert user(lab, "kim").email == "kim@example.com"


@pytest.mark.parametrize(
    ("features", "name", "status"),
    [
        ({"mailing": True}, "reader", 200),
        ({"mailing": True}, "quayadmin", 400),
        ({"mailing": True}, "nosuch", 404),
        ({"mailing": True}, "library", 404),
        ({"mailing": True, "mail_server": False}, "reader", 400),
        ({"mailing": True, "authentication": "OIDC"}, "reader", 400),
        ({"mailing": False}, "reader", 405),
    ],
)
async def test_a_user_is_sent_a_mail_to_set_a_new_password(
    quay: httpx.AsyncClient, features: dict[str, Any], name: str, status: int
) -> None:
    """At an address that begins with `superusers`, and only with mailing."""
    await configure(quay, **features)
    answer = await quay.post(RECOVERY.format(name))
    assert answer.status_code == status
    assert status != 200 or answer.json() == {"email": "no1@thanks.com"}


async def test_there_is_no_other_kind_of_authentication(quay: httpx.AsyncClient) -> None:
    """The door refuses it."""
    refused = await quay.post(f"{DOOR}/features", json={"authentication": "Kerberos"})
    assert "authentication is one of Database, LDAP" in refused.json()["error"]
