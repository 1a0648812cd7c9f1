"""Quay: what the tokens may do and what the registry is configured to do. Only GETs are sent; writes are inferred."""

from bot.doctor.check import Check, Setup
from bot.doctor.unchecked import Unchecked
from bot.effects.ignored_fields import Ignored
from bot.effects.limitations import Limitation, Limitations, limitations_in
from bot.model.checkup import Result, combined, failed, ok, warning
from bot.quay.errors import FeatureOff, Forbidden, QuayError, Unauthorized
from bot.quay.operations import OPERATIONS, Operation

_RENEW = "Make a token with the scope super:user, as a superuser of Quay, and set it as {setting}."
_RENEW_READING = "Make it with the scope super:user, as a global read-only superuser, and set it as QUAY_READ_TOKEN."
_SWITCH_ON = "Set {feature}: true in Quay's config.yaml, and restart Quay."
_SEEN_BY_A_GET = frozenset(
    {"listAllUsers", "listAllOrganizations", "listServiceKeys", "listAllLogs", "getRegistrySize", "getConfigDump"}
)
_LIMITED = frozenset({"listAllUsers", "listAllOrganizations"})
_QUOTAS_OF_ORGANIZATION = OPERATIONS["listUserQuotaSuperUser"]


async def _token(setup: Setup) -> Result:
    return await _one_token(setup, "QUAY_TOKEN", "superuser")


async def _read_token(setup: Setup) -> Result:
    setting = "QUAY_READ_TOKEN"
    if setting not in setup.quay.tokens:
        return ok("QUAY_READ_TOKEN isn't set: the bot reads with QUAY_TOKEN.")
    if setup.quay.tokens[setting] == setup.quay.tokens["QUAY_TOKEN"]:
        return warning("QUAY_READ_TOKEN is the same as QUAY_TOKEN.", _RENEW_READING)
    return await _one_token(setup, setting, "read-only superuser")


async def _one_token(setup: Setup, setting: str, wanted: str) -> Result:
    todo = _RENEW.format(setting=setting) if wanted == "superuser" else _RENEW_READING
    try:
        await setup.quay.read(OPERATIONS["listAllUsers"], setting, limit=1)
    except Unauthorized:
        return failed(f"{setting} is wrong, expired or revoked.", todo)
    except Forbidden:
        return failed(f"{setting} doesn't have the scope super:user, or its owner isn't a superuser.", todo)
    except QuayError as error:
        raise Unchecked(error.message) from error
    kind = await setup.quay.kind(setting)
    if kind == "unknown":
        return ok(f"Quay takes {setting}. Without an organization, superusers can't be told from read-only ones.")
    if kind == wanted:
        return ok(f"{setting} is a {kind}'s.")
    if wanted == "superuser":
        return failed(f"{setting} is a read-only superuser's: the bot can't change anything.", todo)
    return warning(f"{setting} is a superuser's, who can also change things.", todo)


async def _features(setup: Setup) -> Result:
    await setup.quay.signed_in()
    config = await setup.quay.config()
    if config is None:
        return combined([*await _features_seen(setup), _without_dump()], "")
    named = {name: config.get(name) for name in ("FEATURE_QUOTA_MANAGEMENT", "FEATURE_SUPERUSERS_FULL_ACCESS")}
    results = [_off(name) for name, value in named.items() if value is not True]
    if config.get("REGISTRY_STATE") == "readonly":
        results.append(failed("Quay is in read-only mode: no change can run.", "Set REGISTRY_STATE: normal."))
    users, mail = config.get("AUTHENTICATION_TYPE", "Database"), config.get("FEATURE_MAILING") is True
    fine = f"Users come from {users}; Quay {'sends' if mail else 'sends no'} email."
    results += [warning(f"{fine} The bot can't {each}.") for each in sorted(limitations_in(config))]
    return combined(results, f"Quotas, full access and configuration dump are on. {fine}")


async def _features_seen(setup: Setup) -> list[Result]:
    """What answers show where the configuration can't be read."""
    found = []
    users = await setup.quay.read(OPERATIONS["listAllUsers"], "QUAY_TOKEN", limit=1)
    if not any("quota_report" in user for user in users.get("users") or ()):
        found.append(_off("FEATURE_QUOTA_MANAGEMENT"))
    if await setup.quay.full_access() is False:
        found.append(_off("FEATURE_SUPERUSERS_FULL_ACCESS"))
    return found


def _off(feature: str) -> Result:
    without = {
        "FEATURE_QUOTA_MANAGEMENT": "quotas can't be read or set",
        "FEATURE_SUPERUSERS_FULL_ACCESS": "limits of quotas and organizations' details can't be changed",
    }[feature]
    return warning(f"{feature} is off: {without}.", _SWITCH_ON.format(feature=feature))


def _without_dump() -> Result:
    return warning(
        "FEATURE_SUPERUSER_CONFIGDUMP is off: the bot can't read the system default quota or the settings of Quay.",
        _SWITCH_ON.format(feature="FEATURE_SUPERUSER_CONFIGDUMP"),
    )


async def _operations(setup: Setup) -> Result:
    await setup.quay.signed_in()
    verdicts = {each.id: await _verdict(setup, each) for each in OPERATIONS.values()}
    refused = {id_: said for id_, said in verdicts.items() if said.startswith("no")}
    seen = await _remembered(setup)
    more = f" Seen not to work: {'; '.join(seen)}." if seen else ""
    allowed = [said for id_, said in verdicts.items() if id_ not in refused]
    inferred = sum("inferred" in said for said in allowed)
    head = f"{len(allowed)} of {len(OPERATIONS)} operations are allowed ({inferred} inferred).{more}"
    if not refused:
        return Result("ok", head, details=verdicts)
    lines = [head, *(f"{id_}: {said}" for id_, said in refused.items())]
    return Result("warning", "\n".join(lines), "See the checks of the token and the features.", verdicts)


async def _verdict(setup: Setup, operation: Operation) -> str:
    """`yes` or `no`, and why; what wasn't seen is marked inferred."""
    if operation.id in _SEEN_BY_A_GET:
        return await _seen(setup, operation)
    if operation.noun == "quotas":
        quotas = await _quotas(setup)
        if operation.id == _QUOTAS_OF_ORGANIZATION.id or quotas.startswith("no"):
            return quotas if operation.id == _QUOTAS_OF_ORGANIZATION.id else f"{quotas}, inferred"
    if operation.kind == "read":
        return "yes, inferred"
    if await setup.quay.kind("QUAY_TOKEN") == "read-only superuser":
        return "no, inferred (QUAY_TOKEN is a read-only superuser's)"
    config = await setup.quay.config() or {}
    if config.get("REGISTRY_STATE") == "readonly":
        return "no, inferred (Quay is in read-only mode)"
    if operation.id == "createInstallUser" and Limitation.CREATION in limitations_in(config):
        return f"no, inferred (users come from {config.get('AUTHENTICATION_TYPE')})"
    return "yes, inferred"


async def _seen(setup: Setup, operation: Operation) -> str:
    try:
        await setup.quay.read(operation, "QUAY_TOKEN", limit=1 if operation.id in _LIMITED else None)
    except FeatureOff:
        return "no (there is no such route)"
    except QuayError as error:
        return f"no ({error.message.rstrip('.')})"
    return "yes"


async def _quotas(setup: Setup) -> str:
    name = await setup.quay.an_organization()
    if name is None:
        return "yes, inferred"
    route = _QUOTAS_OF_ORGANIZATION
    try:
        await setup.quay.read(route, "QUAY_TOKEN", route.path.format(namespace=name))
    except FeatureOff:
        return "no (FEATURE_QUOTA_MANAGEMENT or FEATURE_EDIT_QUOTA is off)"
    except QuayError as error:
        return f"no ({error.message.rstrip('.')})"
    return "yes"


async def _remembered(setup: Setup) -> list[str]:
    """What the bot saw this registry refuse or ignore when it tried."""
    redis, url = setup.redis.redis, str(setup.settings.quay_url)
    limits = (*await Limitations(redis, url, setup.clock).seen(), *await Ignored(redis, url).seen())
    return [limit.what for limit in limits]


RIGHTS = (
    Check("token", "Quay", "`QUAY_TOKEN` is a superuser's, with the scope super:user", _token),
    Check("read token", "Quay", "`QUAY_READ_TOKEN`, if set, is a read-only superuser's", _read_token),
    Check(
        "features",
        "Quay",
        "Quotas, configuration dump, full access, where users come from, email, read-only",
        _features,
    ),
    Check("operations", "Quay", "Which of the 28 operations can be used; writes are *inferred*", _operations),
)
