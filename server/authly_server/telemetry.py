"""Structured logs: one line an event, of ours and of the libraries, for machines or for people."""

import json
import logging
import sys
from collections.abc import MutableMapping, Sequence
from contextvars import ContextVar
from typing import Any, Final, Literal, TextIO

import structlog


# Matched against whole words of a key: `client_secret` and `password`, but not `secretary`.
_SECRET_WORDS = frozenset(
    {"authorization", "cookie", "password", "secret", "token", "verifier", "assertion", "code"}
)
# Keys with such a word whose value is no credential.
_HARMLESS_KEYS = frozenset({"token_type", "error_code", "status_code", "exit_code"})
REDACTED = "[redacted]"
# What a line for people begins with, or ends with.
_PLACED: Final = ("time", "level", "event", "logger")
Format = Literal["json", "console"]
# structlog's own variables cost five times as much to set, which each request does.
_reference: ContextVar[str | None] = ContextVar("reference", default=None)


def configure(level: str, form: Format = "json", stream: TextIO | None = None) -> None:
    """Write lines of `level` and above to `stream`, standard output if None.

    Replaces what was configured before. `level` is a name of the standard library, in any case.
    """
    render = structlog.processors.JSONRenderer(default=str) if form == "json" else write_line
    handler = logging.StreamHandler(sys.stdout if stream is None else stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_enrichment(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                render,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_enrichment(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of that name; what it says of a request bears the request's reference."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def refer_to(reference: str) -> None:
    """Put this reference into every line of the present task."""
    _reference.set(reference)


def _identify(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    reference = _reference.get()
    if reference is not None:
        event.setdefault("request_id", reference)
    return event


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Overwrite the values of keys that name a credential: the last net, not the first."""
    for key in event:
        if key not in _HARMLESS_KEYS and not _SECRET_WORDS.isdisjoint(key.lower().split("_")):
            event[key] = REDACTED
    return event


def write_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """One line for people: time, level, event, whatever else is known of it, and who tells it.

    Nothing that is logged can end the line, look like another fact or steer a terminal.
    """
    time, level, what, teller = (str(event.get(name, "")) for name in _PLACED)
    facts = [f"{_plain(key)}={_plain(event[key])}" for key in event if key not in _PLACED]
    return " ".join([time, f"{level.upper():8}", _plain(what, " "), *facts, f"logger={teller}"])


def _plain(value: object, allowed: str = "") -> str:
    """A value as it is, or as a JSON string if it could be misread."""
    text = str(value)
    is_plain = text.isprintable() and not set(text) & (set(' "=') - set(allowed))
    if text and is_plain:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _enrichment() -> Sequence[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _identify,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        redact,
    ]
