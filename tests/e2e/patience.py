"""What a person does who is told to come back later: come back then."""

import time

import httpx
from typing_extensions import override


MOST_TIMES = 5


class Patient(httpx.HTTPTransport):
    """Sends a request again when it was one too many, as late as the answer says (RFC 6585)."""

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        for _ in range(MOST_TIMES):
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            answer.close()
            time.sleep(int(answer.headers["Retry-After"]))
            answer = super().handle_request(request)
        return answer
