"""Logs: one JSON line each on stderr, and no secret of the settings in any of them."""

import logging
import sys
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

Mask = Callable[[Any], Any]


def mask_of(secrets: Iterable[str]) -> Mask:
    """What replaces these values wherever they stand in a value of strings, mappings and lists."""
    known = [secret for secret in secrets if len(secret) >= 8]

    def mask(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, str):
            for secret in known:
                value = value.replace(secret, "[secret]")
            return value
        if isinstance(value, dict):
            return {key: mask(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [mask(inner) for inner in value]
        return value

    return mask


def masking(secrets: Iterable[str]) -> Processor:
    """A processor that masks these values wherever they stand in an entry, also inside a traceback."""
    mask = mask_of(secrets)

    def process(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: mask(value) for key, value in entry.items()}

    return process


def set_up_logs(level: str, secrets: Iterable[str] = ()) -> None:
    """Send structlog's and the libraries' entries through the same processors. `level` as in LOG_LEVEL."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        masking(secrets),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "uvicorn.access", "saq", "slack_sdk", "slack_bolt", "aiohttp"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
