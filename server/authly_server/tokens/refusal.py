"""Why a token, of any kind, is not one of ours."""


class TokenRefused(Exception):  # noqa: N818  # a verdict on what somebody sent, not a fault of ours
    """The text is no valid token; the reason is for logs, a client only learns invalid_…."""
