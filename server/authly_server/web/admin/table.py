"""The table of the administrators' API: nothing else is there, and each row is documented.

A resource is added by a row, and a module that answers it: see `operation.py` for what a row says
and what its function is given.
"""

from typing import Final

import orjson

from authly_server.web.admin import (
    accounts,
    audit,
    chosen_password,
    clients,
    keys,
    openapi,
    scopes,
    signed_in,
)
from authly_server.web.admin.operation import Call, Operation, Shape
from authly_server.web.response import JSON, Response


BELOW: Final = "/admin/v1"


async def describe(call: Call[Shape]) -> Response:
    """GET /openapi.json: this very table."""
    document = openapi.document(OPERATIONS, call.services.issuer + BELOW)
    return Response(orjson.dumps(document), JSON)


_LOGIN: Final = "An address or a username, in any spelling that is read as the same."
OPERATIONS: Final = (
    Operation(
        *("GET", "/users", "listUsers", "People who can sign in"),
        accounts.find_all,
        gives=accounts.User,
        is_list=True,
        filters={"login": _LOGIN},
    ),
    Operation(
        *("POST", "/users", "createUser", "Make somebody able to sign in"),
        accounts.create,
        takes=accounts.NewUser,
        gives=accounts.User,
        status=201,
    ),
    Operation(
        *("GET", "/users/{id}", "getUser", "A person, and the version that a change names"),
        accounts.find,
        gives=accounts.User,
    ),
    Operation(
        *("PATCH", "/users/{id}", "changeUser", "Change names and rights of a person"),
        accounts.change,
        takes=accounts.UserChange,
        gives=accounts.User,
        is_conditional=True,
    ),
    Operation(
        *("DELETE", "/users/{id}", "deleteUser", "Delete a person, with sessions and grants"),
        accounts.remove,
        status=204,
    ),
    Operation(
        *("PUT", "/users/{id}/password", "setPassword", "Set a password; all sign-ins end"),
        accounts.set_password,
        takes=chosen_password.NewPassword,
        status=204,
    ),
    Operation(
        *("DELETE", "/users/{id}/second-factor", "removeSecondFactor"),
        "Ask a person for the password alone again",
        accounts.remove_second_factor,
        status=204,
    ),
    Operation(
        *("GET", "/users/{id}/sessions", "listSessions", "Where a person is signed in"),
        signed_in.find_sessions,
        gives=signed_in.Session,
        is_list=True,
    ),
    Operation(
        *("DELETE", "/users/{id}/sessions", "endSessions", "Sign a person out everywhere"),
        signed_in.end_sessions,
        status=204,
    ),
    Operation(
        *("DELETE", "/sessions/{id}", "endSession", "Sign a person out of one browser"),
        signed_in.end_session,
        status=204,
    ),
    Operation(
        *("GET", "/users/{id}/grants", "listGrants", "What clients have of a person"),
        signed_in.find_grants,
        gives=signed_in.Grant,
        is_list=True,
    ),
    Operation(
        *("DELETE", "/users/{id}/grants", "revokeGrants", "Revoke what clients have of a person"),
        signed_in.revoke_grants,
        status=204,
    ),
    Operation(
        *("GET", "/clients", "listClients", "Clients, by their identifiers"),
        clients.find_all,
        gives=clients.Client,
        is_list=True,
    ),
    Operation(
        *("GET", "/clients/{client_id}", "getClient", "One client, with its ETag"),
        clients.find,
        gives=clients.Client,
    ),
    Operation(
        *("PATCH", "/clients/{client_id}", "changeClient", "Disable a client that nobody manages"),
        clients.change,
        takes=clients.ClientChange,
        gives=clients.Client,
        is_conditional=True,
    ),
    Operation(
        *("GET", "/scopes", "listScopes", "Scopes, by name"),
        scopes.find_all,
        gives=scopes.Scope,
        is_list=True,
    ),
    Operation(
        *("GET", "/keys", "listKeys", "The keys that tokens are signed with"),
        keys.find_all,
        gives=keys.Key,
        is_list=True,
    ),
    Operation(
        *("GET", "/audit", "listAudit", "The audit log, the youngest entry first"),
        audit.find_all,
        gives=audit.Entry,
        is_list=True,
        filters=audit.FILTERS,
    ),
    Operation("GET", "/openapi.json", "describe", "This description", describe),
)
