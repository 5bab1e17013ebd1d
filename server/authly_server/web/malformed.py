"""What is no HTTP at all: the server library answers it by itself, and would log what was sent."""

import logging

from aiohttp.http_exceptions import HttpProcessingError


def install() -> None:
    """Filter what the library's server logs; once is enough."""
    logging.getLogger("aiohttp.server").addFilter(shorten)


def shorten(record: logging.LogRecord) -> bool:
    """Tell of a malformed request in one line, without a stack and without its content."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.msg, record.args = "malformed request, answered %s", (error.code,)
        record.exc_info = None
    return True
