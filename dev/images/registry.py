"""Whether the public registry can be reached from here, answered within three seconds."""

import http.client
import threading
from urllib import error, request


URL = "https://registry-1.docker.io/v2/"
SECONDS = 3.0


def reachable(url: str = URL, seconds: float = SECONDS) -> bool:
    """
    Ask for the registry's version endpoint; 200 and 401 are a registry's answers.

    In a thread of its own, because looking up a name obeys no timeout.
    """
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(_asked(url, seconds)), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers == [True]


def _asked(url: str, seconds: float) -> bool:
    try:
        with request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - our own https URL
            return bool(answer.status == http.HTTPStatus.OK)
    except error.HTTPError as refusal:
        with refusal:
            return refusal.code == http.HTTPStatus.UNAUTHORIZED
    except (OSError, http.client.HTTPException):
        return False
