"""Slack: the app, its tokens and scopes, and whether what Slack sends is taken."""

from bot.doctor.check import Check, Setup
from bot.doctor.clocks import compared
from bot.doctor.slack_answers import SlackRefused
from bot.doctor.unchecked import Unchecked
from bot.model.checkup import Result, failed, ok, warning
from bot.slack.manifest import REASONS
from bot.storage.doubts import DOUBT, read_doubt

_INSTALL = "Copy the Bot User OAuth Token (xoxb-…) from the app's OAuth & Permissions page into SLACK_BOT_TOKEN."
_GENERATE = "On the app's Basic Information page, generate an app-level token with connections:write."
_REACH = "Check SLACK_API_URL, HTTPS_PROXY and the firewall."
_APP_TOKEN_TODO = {
    "missing_scope": "SLACK_APP_TOKEN doesn't have the scope connections:write.",
    "not_allowed_token_type": "SLACK_APP_TOKEN isn't an app-level token (xapp-…).",
}


async def _bot_token(setup: Setup) -> Result:
    try:
        answer = await setup.slack.auth()
    except SlackRefused as refused:
        if refused.passing:
            return failed(f"Slack can't be reached ({refused.reason}).", _REACH)
        return failed(f"Slack refuses SLACK_BOT_TOKEN ({refused.reason}).", _INSTALL)
    if not answer.get("bot_id"):
        return failed("SLACK_BOT_TOKEN isn't a bot's token.", _INSTALL)
    return ok(f"A bot token of @{answer.get('user')} in {answer.get('team')}.")


async def _scopes(setup: Setup) -> Result:
    held = await setup.slack.scopes()
    missing = [scope for scope in REASONS if scope not in held]
    if missing:
        lines = [f"{scope} is missing. The bot needs it to {REASONS[scope]}." for scope in missing]
        return failed("\n".join(lines), "Add them on the app's OAuth & Permissions page and reinstall the app.")
    more = sorted(held - REASONS.keys())
    return ok(f"All {len(REASONS)} scopes are there." + (f" Not needed: {', '.join(more)}." if more else ""))


async def _team(setup: Setup) -> Result:
    wanted, answer = setup.known_policy.workspace, await setup.slack.signed_in()
    if answer.get("is_enterprise_install"):
        return ok("The app is installed for the whole organization.")
    team = answer.get("team_id")
    if team == wanted:
        return ok(f"The bot token is from {wanted}, as permissions.yaml says.")
    todo = f"If {team} is meant, set `workspace: {team}` in permissions.yaml; else install the app in {wanted}."
    return failed(f"The bot token is from {team}, and permissions.yaml says {wanted}: nobody can do anything.", todo)


async def _app_token(setup: Setup) -> Result:
    token = setup.settings.slack_app_token
    if token is None:
        return ok("SLACK_APP_TOKEN isn't set: Slack calls the bot over HTTP.")
    try:
        await setup.slack.open_connection(token.get_secret_value())
    except SlackRefused as refused:
        if refused.passing:
            raise Unchecked(f"Slack doesn't answer ({refused.reason}).") from refused
        said = _APP_TOKEN_TODO.get(refused.reason, f"Slack refuses SLACK_APP_TOKEN ({refused.reason}).")
        return failed(said, _GENERATE)
    return ok("Socket Mode can be used.")


async def _deliveries(setup: Setup) -> Result:
    """The signing secret can't be asked about: what counts is what a process refused."""
    await setup.redis.info()
    doubt = read_doubt(await setup.redis.redis.get(DOUBT))
    if doubt is None:
        return ok("No process has been refusing what Slack sends.")
    return failed(f"A process has refused {doubt.refused} of Slack's requests and accepted none.", doubt.sentence)


async def _clock(setup: Setup) -> Result:
    result = compared("Slack", await setup.slack.time(), setup.clock())
    if result.status == "warning":
        return warning(result.found, f"{result.todo} Requests more than 5 minutes off are refused.")
    return result


APP = (
    Check("bot token", "Slack", "Slack takes `SLACK_BOT_TOKEN`, and it is a bot's", _bot_token),
    Check("scopes", "Slack", "Every scope that the bot needs, and what it can't do without it", _scopes),
    Check("workspace", "Slack", "The token's workspace is the `workspace` of permissions.yaml", _team),
    Check("app token", "Slack", "`SLACK_APP_TOKEN`, if set, can open a connection for Socket Mode", _app_token),
    Check(
        "deliveries",
        "Slack",
        "No process refuses all of Slack's requests, as one does with a wrong secret",
        _deliveries,
    ),
    Check("clock", "Slack", "The host's clock agrees with Slack's", _clock),
)
