"""What the fixtures that judge answer: status, reason and message of each condition by its type."""

from collections.abc import Callable


Judge = Callable[..., dict[str, tuple[str, str, str]]]
