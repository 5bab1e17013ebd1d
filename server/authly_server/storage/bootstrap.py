"""The first administrator, so that a new instance can be signed in to."""

from collections.abc import Callable

from authly_server.storage import users
from authly_server.storage.migrate import Connection


_EXISTS = "SELECT 1 FROM authly.users WHERE email_folded = %s OR username_folded = %s"
_CREATE = """
INSERT INTO authly.users
    (email, username, email_folded, username_folded, password_hash, is_verified, is_admin)
VALUES (%(email)s, %(email)s, %(folded)s, %(folded)s, %(password_hash)s, true, true)
ON CONFLICT DO NOTHING
"""
_RECORD = "INSERT INTO authly.audit_log (event, detail) VALUES ('administrator_created', '{}')"


def ensure_administrator(
    connection: Connection, email: str, hash_password: Callable[[], str]
) -> bool:
    """Create a verified administrator with that address; one who exists is left alone.

    `hash_password` is called only if it is needed, for it takes its time. Answers whether the
    user was created.
    """
    folded = users.fold(email)
    if connection.execute(_EXISTS, (folded, folded)).fetchone() is not None:
        return False
    parameters = {"email": email.strip(), "folded": folded, "password_hash": hash_password()}
    with connection.transaction():
        created = connection.execute(_CREATE, parameters).rowcount > 0
        if created:
            connection.execute(_RECORD)
    return created
