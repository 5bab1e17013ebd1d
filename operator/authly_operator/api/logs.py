"""What a server logs, and for whom."""

from enum import StrEnum

from authly_operator.api import value


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "Debug"
    INFO = "Info"
    WARNING = "Warning"
    ERROR = "Error"


class LogFormat(StrEnum):
    """How a line of the log is written."""

    JSON = "Json"
    CONSOLE = "Console"


class Logging(value.Value):
    """What the server logs on stdout, a line an event."""

    level: LogLevel = LogLevel.INFO
    """How much is logged."""
    format: LogFormat = LogFormat.JSON
    """Json for whatever collects logs, or Console for people who read them with kubectl."""
