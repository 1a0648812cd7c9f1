"""The whole sandbox in one command: Redis, the simulated Quay, the simulated Slack with its page, and the bot."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import httpx

from bot.slack.manifest import manifest
from sandbox.children import Child, ChildDied, child
from sandbox.front import one_origin
from sandbox.history import remember
from sandbox.quay.app import create_app as create_quay
from sandbox.quay.faults import Faults
from sandbox.quay.features import Features
from sandbox.quay.seed import TOKENS, seed
from sandbox.quay.state import Registry
from sandbox.redis_server import NoRedis, redis_server
from sandbox.serving import HOST, PortTaken, bound_socket, free_port, serving, url_of
from sandbox.slack.app import SlackSettings
from sandbox.slack.app import create_app as create_slack
from sandbox.slack.cast import default_workspace
from sandbox.slack.settings import Mode, Shortcut

READY_SECONDS = 60.0
SECRET_KEY = "the key of the sandbox, which anyone can read here"
_HERE = Path(__file__).parent
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NotReady(Exception):
    """The bot runs, but does not say that it is ready; tells the end of its log."""


async def run_sandbox(
    *,
    port: int,
    only: Literal["quay"] | None = None,
    namespaces: int = 210,
    quay_defaults: bool = False,
    socket: bool = False,
) -> int:
    """Run until a signal comes; returns the exit status: 0 stopped, 1 something broke, 2 it could not begin.

    `port` is where the page is, or with `only="quay"` the simulated Quay; 0 takes any free port. `namespaces` is
    how many users and organizations the registry has. One line on standard output says when it is ready.
    `quay_defaults` gives the registry Quay's own defaults; otherwise nearly all features are on. With `socket` the bot
    receives over Socket Mode, else over HTTP.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOPPING:
        loop.add_signal_handler(number, stop.set)
    registry = seed(namespaces=namespaces, features=Features.quay_defaults() if quay_defaults else Features())
    run = (
        _run_quay(port, registry) if only == "quay" else _run_everything(port, registry, "socket" if socket else "http")
    )
    try:
        await _first_of(run, stop.wait())
    except (PortTaken, NoRedis) as problem:
        _tell(str(problem))
        return 2
    except (ChildDied, NotReady) as problem:
        _tell(str(problem))
        return 1
    finally:
        for number in _STOPPING:
            loop.remove_signal_handler(number)
    return 0


async def _first_of(*runs: Coroutine[Any, Any, object]) -> None:
    """Run all at once until the first ends or breaks; the others are cancelled, and have cleaned up afterwards."""
    tasks = [asyncio.create_task(run) for run in runs]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()


async def _run_quay(port: int, registry: Registry) -> None:
    listening = bound_socket(port)
    async with serving(create_quay(registry, Faults()), listening):
        _tell(f"Tokens: {', '.join(TOKENS)}")
        print(f"Simulated Quay ready: {url_of(listening)}", flush=True)
        await asyncio.Event().wait()


async def _run_everything(port: int, registry: Registry, mode: Mode) -> None:
    async with AsyncExitStack() as house:
        page, quay = house.enter_context(bound_socket(port)), house.enter_context(bound_socket(0))
        bot_port = free_port()
        bot_url = f"http://{HOST}:{bot_port}"
        folder = Path(house.enter_context(TemporaryDirectory(prefix="quaymaster-sandbox-")))
        _log_to(folder / "sandbox.log")
        redis = house.enter_context(redis_server(allow_fake=True))
        _tell(f"Redis: {redis.note}.")
        files = files_of(os.environ)
        _tell(f"Logs: {folder}; permissions: {files['PERMISSIONS_FILE']}; alerts: {files['ALERTS_FILE']}")

        await remember(redis.url, registry, registry.clock())
        simulated_quay = create_quay(registry, Faults())
        settings = _as_installed(f"{bot_url}/slack/events", url_of(page), mode)
        simulated_slack = create_slack(default_workspace(), settings)
        await house.enter_async_context(serving(simulated_quay, quay))
        await house.enter_async_context(serving(one_origin(quay=simulated_quay, slack=simulated_slack), page))

        environment = _environment(settings, slack=url_of(page), quay=url_of(quay), redis=redis.url, port=bot_port)
        _tell(f"To verify or export its audit: REDIS_URL={redis.url} SECRET_KEY='{SECRET_KEY}' quaymaster audit verify")
        children = [
            await house.enter_async_context(
                child(f"quaymaster {name}", _command(name), environment, folder / f"{name}.log")
            )
            for name in ("serve", "worker")
        ]
        await _first_of(*(one.died() for one in children), _publish(url_of(page), bot_url, children[0]))


async def _publish(page: str, bot_url: str, bot: Child) -> None:
    await _ready(f"{bot_url}/readyz", bot)
    print(f"Sandbox ready: {page}/", flush=True)
    await asyncio.Event().wait()


async def _ready(url: str, bot: Child) -> None:
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        for _ in range(int(READY_SECONDS / 0.1)):
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise NotReady(f"{bot.name} is not ready after {READY_SECONDS:.0f} s. Its last words:\n{bot.tail()}")


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "bot.cli", name]


def _environment(settings: SlackSettings, *, slack: str, quay: str, redis: str, port: int) -> dict[str, str]:
    """The bot's own settings, over an environment without what is meant for a real bot, but for its files."""
    over_socket, over_http = ("SLACK_APP_TOKEN", settings.app_token), ("SLACK_SIGNING_SECRET", settings.signing_secret)
    ours = {
        "SLACK_BOT_TOKEN": settings.bot_token,
        **dict([over_socket if settings.mode == "socket" else over_http]),
        "SECRET_KEY": SECRET_KEY,
        "SLACK_API_URL": f"{slack}/api/",
        "SLACK_COMMAND": settings.command,
        "QUAY_URL": quay,
        "QUAY_TOKEN": "sandbox-superuser",
        "QUAY_READ_TOKEN": "sandbox-readonly",
        "REDIS_URL": redis,
        **files_of(os.environ),
        "LISTEN_HOST": HOST,
        "PORT": str(port),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
        "PYTHONUNBUFFERED": "1",
    }
    own = {"SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "METRICS_PORT", "SECRET_KEY_OLD", "QUAY_CA_FILE"}
    foreign = own | {f"{name}_FILE" for name in own | ours.keys()}
    return {name: value for name, value in os.environ.items() if name not in foreign} | ours


def files_of(environment: Mapping[str, str]) -> dict[str, str]:
    """The files that people edit: those that the environment names, to be tried out, else the sandbox's own."""
    own = {"PERMISSIONS_FILE": _HERE / "permissions.yaml", "ALERTS_FILE": _HERE / "alerts.yaml"}
    return {name: environment.get(name) or str(path) for name, path in own.items()}


def _as_installed(bot_url: str, public_url: str, mode: Mode) -> SlackSettings:
    """The app as its manifest makes it: its message shortcuts, what its token may do, and what it hears of."""
    app = manifest("/quay", "http://localhost")
    shortcuts = [one for one in app["features"]["shortcuts"] if one["type"] == "message"]
    return SlackSettings(
        bot_url,
        mode=mode,
        public_url=public_url,
        shortcuts=tuple(Shortcut(one["callback_id"], one["name"]) for one in shortcuts),
        scopes=set(app["oauth_config"]["scopes"]["bot"]),
        events=set(app["settings"]["event_subscriptions"]["bot_events"]),
    )


def _log_to(file: Path) -> None:
    """What the servers in this process have to say goes beside the logs of the bot."""
    logger = logging.getLogger("uvicorn")
    logger.addHandler(logging.FileHandler(file))
    logger.propagate = False


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
