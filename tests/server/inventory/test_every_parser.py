"""Whatever reads what strangers send has a property test: any input is read, or refused by name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[3]
SERVER = ROOT / "server" / "authly_server"
TESTS = ROOT / "tests" / "server"
FLOORS = (
    *("protocol", "tokens", "clients", "users", "outbound/target.py", "settings.py"),
    *("authorization/transaction.py", "backup/names.py", "backup/manifest.py"),
    "backup/encryption.py",
)
VERBS = ("parse", "read", "identify", "open", "find")
TEXTS = "protocol/test_parser_properties.py::test_any_text_is_read_or_refused"
REQUESTS = "protocol/test_parser_properties.py::test_any_authorization_request_is_read_or_refused"
TOKENS = "protocol/test_parser_properties.py::test_any_token_request_is_read_or_refused"
PAGES = "protocol/test_pages_and_versions.py"
PROOFS = "protocol/test_dpop_proofs.py"
SEALED = "tokens/test_sealed_values.py"
STRANGERS = "protocol/test_strangers_jwts.py"
DOCUMENTS = "clients/test_strangers_documents.py"
METADATA = "clients/test_client_metadata.py"
BACKUPS = "backup/test_backup_texts.py"
# fmt: off
PROPERTIES = {
    "authorization/transaction.py identify": f"{SEALED}::test_any_text_names_a_transaction_or_none",
    "authorization/transaction.py open": f"{SEALED}::test_any_text_is_no_transaction",
    "backup/encryption.py parse_key": f"{BACKUPS}::test_any_text_is_a_key_or_none",
    "backup/manifest.py parse": f"{BACKUPS}::test_any_text_is_no_manifest",
    "backup/names.py parse": f"{BACKUPS}::test_any_name_is_of_a_backup_or_not",
    "clients/authentication.py parse_credentials":
        "clients/test_client_authentication.py::test_whatever_is_presented_is_read_or_refused",
    "clients/client_assertion.py read": f"{DOCUMENTS}::test_any_text_is_no_assertion",
    "clients/client_metadata.py parse":
        f"{METADATA}::test_any_object_is_a_client_within_its_terms_or_is_refused",
    "clients/key_sets.py read": f"{DOCUMENTS}::test_any_object_is_a_set_of_keys_or_none",
    "clients/metadata_document.py parse": f"{DOCUMENTS}::test_any_document_is_a_client_or_refused",
    "clients/metadata_document.py read_object":
        f"{METADATA}::test_any_bytes_are_an_object_that_can_be_stored_or_are_refused",
    "clients/recent_proofs.py find":
        "clients/test_recent_proofs.py::test_any_other_text_proves_nothing",
    "outbound/target.py parse":
        "outbound/test_outbound_addresses.py::test_any_text_is_a_target_or_is_refused",
    "protocol/authorization_request.py find_response_mode": REQUESTS,
    "protocol/authorization_request.py find_state": REQUESTS,
    "protocol/authorization_request.py identify": REQUESTS,
    "protocol/authorization_request.py parse": REQUESTS,
    "protocol/basic.py parse": TEXTS,
    "protocol/bearer.py find": TEXTS,
    "protocol/claims_request.py parse":
        "protocol/test_claims_requests.py::test_any_text_is_a_request_or_an_invalid_one",
    "protocol/compact_jws.py read": f"{STRANGERS}::test_any_text_is_a_jwt_or_is_refused",
    "protocol/device_authorization.py parse": TOKENS,
    "protocol/dpop.py find_token": TEXTS,
    "protocol/dpop.py parse_thumbprint":
        f"{PROOFS}::test_any_header_and_thumbprint_is_read_or_refused",
    "protocol/dpop.py read": f"{PROOFS}::test_any_text_is_refused",
    "protocol/json_object.py parse": f"{SEALED}::test_any_bytes_are_an_object_or_refused",
    "protocol/json_object.py read":
        "clients/test_client_metadata.py::test_any_bytes_are_an_object_that_can_be_stored_or_are_refused",
    "protocol/logout_request.py parse": REQUESTS,
    "protocol/page.py parse": f"{PAGES}::test_any_query_is_a_page_or_is_refused",
    "protocol/page.py parse_cursor": f"{PAGES}::test_any_query_is_a_page_or_is_refused",
    "protocol/parameters.py parse_form":
        "protocol/test_parser_properties.py::test_any_body_is_read_or_refused",
    "protocol/parameters.py parse_query":
        "protocol/test_parser_properties.py::test_any_query_is_read_or_refused",
    "protocol/precondition.py parse": f"{PAGES}::test_any_header_names_versions_or_is_refused",
    "protocol/presented_token.py parse": TOKENS,
    "protocol/public_key.py parse": f"{STRANGERS}::test_any_object_is_a_key_or_is_refused",
    "protocol/public_key.py parse_set":
        f"{STRANGERS}::test_any_object_is_a_set_of_keys_or_is_refused",
    "protocol/resource_indicator.py parse": TEXTS,
    "protocol/resource_indicator.py parse_targets": TEXTS,
    "protocol/scope.py parse": TEXTS,
    "protocol/token_request.py parse": TOKENS,
    "protocol/token_request.py parse_refresh": TOKENS,
    "protocol/user_code.py parse": "protocol/test_user_codes.py::test_any_text_is_a_code_or_none",
    "settings.py read":
        "settings/test_settings.py::test_any_environment_is_read_or_told_line_by_line",
    "tokens/authorization_code.py read": f"{SEALED}::test_any_text_is_no_code_that_we_wrote",
    "tokens/device_code.py read": f"{SEALED}::test_any_text_is_no_code_that_we_wrote",
    "tokens/id_token.py read_hint": f"{SEALED}::test_any_text_is_no_hint",
    "tokens/keyring.py parse": "tokens/test_hostile_keys.py::test_any_document_is_no_key_ring",
    "tokens/opaque_token.py read":
        "tokens/test_token_texts.py::test_arbitrary_text_is_refused_and_never_an_error",
    "tokens/refresh_token.py read":
        "tokens/test_token_texts.py::test_arbitrary_text_is_refused_and_never_an_error",
    "tokens/sealed_text.py read":
        f"{SEALED}::test_any_text_is_of_the_right_size_or_refused",
    "tokens/signed_jwt.py read_text":
        f"{SEALED}::test_any_value_of_a_claim_is_of_its_type_or_refused",
    "tokens/signed_jwt.py read_texts":
        f"{SEALED}::test_any_value_of_a_claim_is_of_its_type_or_refused",
    "tokens/signed_jwt.py read_time":
        f"{SEALED}::test_any_value_of_a_claim_is_of_its_type_or_refused",
    "tokens/strict_json.py read_object": f"{SEALED}::test_any_bytes_are_an_object_or_refused",
    "users/devices.py read": f"{SEALED}::test_any_text_is_no_device",
    "users/factor_seal.py open": "users/test_factor_seal.py::test_any_bytes_are_no_key",
    "users/factor_seal.py read_offer": "users/test_factor_seal.py::test_any_text_is_no_offer",
    "users/names.py parse": "users/test_names.py::test_a_name_that_passes_can_be_stored",
    "users/names.py parse_address": "users/test_names.py::test_what_passes_has_two_sides",
    "users/one_time_codes.py find_step":
        "users/test_one_time_codes.py::test_a_code_is_found_one_step_around_and_no_further",
    "users/one_time_codes.py parse":
        "users/test_one_time_codes.py::test_what_is_read_is_six_ascii_digits",
    "users/recovery_codes.py parse":
        "users/test_recovery_codes.py::test_whatever_is_read_is_sixteen_letters_and_digits",
}
# fmt: on
NO_PARSERS = {  # looks into a cache and a table, by the token's digest
    "tokens/recently_verified.py find",
    "tokens/recently_verified.py find_or_take",
    "tokens/opaque_token.py find_live",
}


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All of a file, methods too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def parsers() -> Iterator[str]:
    """Every public function of these floors that begins with such a verb."""
    for floor in FLOORS:
        place = SERVER / floor
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            for function in functions(file):
                if function.name.split("_")[0] in VERBS:
                    yield f"{file.relative_to(SERVER)} {function.name}"


def given_tests(file: Path) -> set[str]:
    """The tests of a file that hypothesis feeds."""
    return {
        function.name
        for function in functions(file)
        if any(ast.unparse(each).startswith("given(") for each in function.decorator_list)
    }


def test_every_parser_has_a_property_test_and_nothing_else_is_named() -> None:
    """A parser that is added has to be added to the table, with a test for any input."""
    assert set(parsers()) == PROPERTIES.keys() | NO_PARSERS


@pytest.mark.parametrize("test", sorted(set(PROPERTIES.values())))
def test_the_property_test_exists_and_is_one(test: str) -> None:
    file, _, name = test.partition("::")
    assert name in given_tests(TESTS / file)
