"""How many requests an address may send, as the settings say."""

from dataclasses import dataclass

from authly_server.limit_settings import LimitSettings
from authly_server.limits.rate import Rate


@dataclass(frozen=True, slots=True)
class RequestRates:
    """`general` is for everything that is counted at all, `strict` for where one proves oneself."""

    general: Rate
    strict: Rate


def of(settings: LimitSettings) -> RequestRates | None:
    """The two rates; None where nothing is to be counted.

    A whole minute's requests may come at once, or the strict burst and the one that is due.
    """
    if not settings.rate_limit_enabled:
        return None
    general = settings.rate_limit_requests_per_minute
    strict = settings.auth_rate_limit_requests_per_minute
    return RequestRates(
        general=Rate.per_minute(general, burst=general),
        strict=Rate.per_minute(strict, burst=settings.auth_rate_limit_burst + 1),
    )
