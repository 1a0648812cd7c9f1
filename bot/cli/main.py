"""The command line: serve, worker, sandbox, check, doctor, why, manifest, audit, operations, alerts.

Exit status 0 is good, 1 is something found wrong, 2 is used or configured wrongly.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

import structlog
from cyclopts import App as Cyclopts
from cyclopts import Parameter
from redis.exceptions import RedisError

from bot.app import App, open_app, open_audit
from bot.audit import Audit
from bot.cli.audit import audit_commands
from bot.cli.check import AsJson, check, why
from bot.cli.doctor import doctor
from bot.config.documents import DocumentError, unreadable
from bot.config.environment import EnvironmentFileError, use_env_file
from bot.config.logs import set_up_logs
from bot.config.settings import SLASH_COMMAND, ConfigurationError, Settings, load_audit_settings, load_settings
from bot.config.warnings import warnings
from bot.jobs.preview import Previewed, as_object, as_text
from bot.jobs.worker import running, stopped_by_signals
from bot.loading import Files, build_grammar, open_alerts, open_policy
from bot.quay.operations import BEYOND, KNOWN, OPERATIONS
from bot.slack.manifest import form_link, manifest
from bot.storage.connection import ClusterRefused
from bot.storage.processes import Kind, Presence
from bot.storage.sealing import Tampered
from bot.web.periodic import running as running_beside
from bot.web.server import build_server
from bot.web.serving import PortNotFree, serve_http

cli = Cyclopts(
    name="quaymaster",
    help="A Slack bot for the people who run a Quay container registry.",
    version=package_version("quaymaster"),
)
cli.command(check)
cli.command(why)
cli.command(doctor)
alerts_cli = Cyclopts(name="alerts", help="What the bot says by itself.")
cli.command(alerts_cli)

Read = TypeVar("Read")
log = structlog.get_logger()


@cli.command
def serve(*, with_worker: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Answer Slack over HTTP or, if SLACK_APP_TOKEN is set, over Socket Mode.

    Parameters
    ----------
    with_worker
        Run the worker in the same process as well.
    """
    settings, files = _configured()
    _warn(settings)

    async def run(app: App) -> None:
        async with AsyncExitStack() as stack:
            if with_worker:
                await stack.enter_async_context(running(app.worker))
            await serve_http(build_server(app), settings.host, settings.port)

    _run(settings, files, run, "serve")


@cli.command
def worker() -> None:
    """Execute agreed changes, expire confirmations, watch keys and quotas."""
    settings, files = _configured()
    _warn(settings)

    async def run(app: App) -> None:
        with stopped_by_signals(app.worker):
            await app.worker.run()

    _run(settings, files, run, "worker")


@cli.command
def sandbox(
    *,
    only: Literal["quay"] | None = None,
    port: Annotated[int | None, Parameter(env_var="SANDBOX_PORT")] = None,
    namespaces: int = 210,
    quay_defaults: Annotated[bool, Parameter(negative=())] = False,
    socket: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Try it all on this machine: a simulated Slack with a web page, a simulated Quay, Redis, the bot.

    Parameters
    ----------
    only
        Only the simulated Quay.
    port
        The port of the page (or of the simulated Quay alone); 0 takes any free one.
    namespaces
        How many namespaces the simulated Quay has.
    quay_defaults
        Start the simulated Quay with Quay's own defaults. Otherwise nearly all features are on.
    socket
        Let the bot receive over Socket Mode, and not over HTTP.
    """
    try:
        from sandbox.launcher import run_sandbox  # noqa: PLC0415  # its libraries are an extra
    except ModuleNotFoundError as error:
        _refuse([f"The sandbox needs {error.name}, too: install quaymaster[sandbox]"])

    sys.exit(
        asyncio.run(
            run_sandbox(
                port=8484 if port is None else port,
                only=only,
                namespaces=namespaces,
                quay_defaults=quay_defaults,
                socket=socket,
            )
        )
    )


@cli.command
def operations(*, all_: Annotated[bool, Parameter(name="--all", negative=())] = False, as_json: AsJson = False) -> None:
    """List the 28 superuser operations and the commands that they are used by.

    Parameters
    ----------
    all_
        List the operations beyond the 28 as well, marked as such.
    as_json
        Print them as JSON.
    """
    rows = [
        {"id": o.id, "method": o.method, "path": o.path, "kind": o.kind, "noun": o.noun, "command": o.command}
        | ({"beyond": o.id in BEYOND} if all_ else {})
        for o in (KNOWN if all_ else OPERATIONS).values()
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        beyond = "  (beyond the 28)" if row.get("beyond") else ""
        print(f"{row['id']:38} {row['method']:6} {row['command']:16} {row['path']}{beyond}")


@cli.command(name="manifest")
def print_manifest(
    url: str | None = None,
    *,
    socket: Annotated[bool, Parameter(negative=())] = False,
    command: str = "/quay",
    link: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Print the manifest of the Slack app, to be pasted where Slack makes an app from one.

    Parameters
    ----------
    url
        Where Slack reaches the bot, such as https://quaymaster.example.com.
    socket
        Make it for Socket Mode, where Slack needs no address.
    command
        The slash command.
    link
        Print a link that opens Slack's form with the manifest instead.
    """
    if (url is None) != socket:
        _refuse(["Give either the address at which Slack reaches the bot, or --socket"])
    if url is not None and not re.fullmatch(r"https://[^/\s?#@]+/?", url):
        _refuse([f"{url!r} is not the address of a host by HTTPS, such as https://quaymaster.example.com"])
    if not SLASH_COMMAND.fullmatch(command):
        _refuse([f"{command!r} is not a slash command, such as /quay: lower-case letters, digits, - and _"])
    made = manifest(command, url)
    print(form_link(made) if link else json.dumps(made, indent=2))


@alerts_cli.command(name="preview")
def preview_alerts(*, as_json: AsJson = False) -> None:
    """Print what would be posted now, without posting anything or changing anything.

    Parameters
    ----------
    as_json
        Print a list of messages as JSON.
    """
    settings, files = _configured()
    file = files.alerts.current()
    if file is None:
        _refuse([f"{settings.alerts_file} is not there, so there are no alerts"])
    found: list[Previewed] = []

    async def run(app: App) -> None:
        found.append(await app.preview.run(file))

    try:
        _run(settings, files, run)
    except (RedisError, Tampered) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    (previewed,) = found
    sayings = previewed.sayings
    print(json.dumps(list(map(as_object, sayings)), indent=2) if as_json else as_text(sayings))
    if previewed.failure:
        print(previewed.failure, file=sys.stderr)
        sys.exit(1)


def _configured() -> tuple[Settings, Files]:
    """Everything that the environment names, or exit status 2 with every problem at once."""
    try:
        settings = load_settings()
    except ConfigurationError as error:
        _refuse(error.problems)
    set_up_logs(settings.log_level, settings.secrets)
    grammar = build_grammar(settings.slack_command)
    problems: list[str] = []
    policy = _read(lambda: open_policy(settings.permissions_file, grammar), settings.permissions_file, problems)
    alerts = _read(lambda: open_alerts(settings.alerts_file), settings.alerts_file, problems)
    if problems or policy is None or alerts is None:
        _refuse(problems)
    return settings, Files(grammar, policy, alerts)


def _warn(settings: Settings) -> None:
    for warning in warnings(settings):
        log.warning("configuration", warning=warning)


def _read(read: Callable[[], Read], path: str, problems: list[str]) -> Read | None:
    try:
        return read()
    except DocumentError as error:
        problems.extend(str(error).splitlines())
    except (OSError, UnicodeDecodeError) as error:
        problems.append(unreadable(path, error))
    return None


def _refuse(problems: list[str]) -> NoReturn:
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(2)


def _run(settings: Settings, files: Files, work: Callable[[App], Awaitable[None]], kind: Kind | None = None) -> None:
    """Do something with the bot's parts; a process of some kind says that it runs, and what it finds wrong."""

    async def opened() -> None:
        async with open_app(settings, files) as app, AsyncExitStack() as stack:
            if kind:
                presence = Presence(app.connections.redis, kind, app.clock)
                await stack.enter_async_context(running_beside(presence.keep_saying()))
                await stack.enter_async_context(running_beside(app.handlers.bot.health.doctor.warn()))
            await work(app)

    try:
        asyncio.run(opened())
    except (ClusterRefused, PortNotFree) as refused:
        _refuse([str(refused)])


def _with_audit(work: Callable[[Audit], Awaitable[None]]) -> None:
    try:
        settings = load_audit_settings()
    except ConfigurationError as error:
        _refuse(error.problems)
    set_up_logs("WARNING", settings.secrets)

    async def opened() -> None:
        async with open_audit(settings) as audit:
            await work(audit)

    try:
        asyncio.run(opened())
    except RedisError as error:
        print(f"The audit cannot be read from Redis: {error}", file=sys.stderr)
        sys.exit(1)


cli.command(audit_commands(_with_audit))


@cli.meta.default
def start(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)], env_file: Path | None = None
) -> None:
    """Run a command.

    Parameters
    ----------
    env_file
        A file of NAME=value lines for local use, added to the environment; what is set there already stays.
    """
    if env_file is not None:
        try:
            use_env_file(env_file)
        except EnvironmentFileError as error:
            _refuse([str(error)])
    cli(words)


def main() -> None:
    """The console script."""
    try:
        try:
            cli.meta()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # its reader, such as `head`, has seen enough; nothing may be flushed once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
