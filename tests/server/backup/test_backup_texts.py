"""Names, manifests and keys of backups: any text is one, or is refused in one line."""

import pytest
from hypothesis import given, strategies as st

from authly_server.backup import encryption, manifest, names
from authly_server.backup.errors import BackupError


ANY_TEXT = st.text(st.characters(codec=None))


@given(ANY_TEXT, ANY_TEXT | st.text("0123456789TZ-.dump").map(lambda end: "authly-" + end))
def test_any_name_is_of_a_backup_or_not(name: str, file_name: str) -> None:
    for each in (name, "authly"):
        begun = names.parse(each, file_name)
        assert begun is None or file_name.startswith(each)


@given(ANY_TEXT | st.text('{}":,size0'))
def test_any_text_is_no_manifest(text: str) -> None:
    with pytest.raises(BackupError) as caught:
        manifest.parse(text)
    assert len(str(caught.value).splitlines()) == 1


@given(ANY_TEXT | st.text("ABCxyz019+/=", min_size=40, max_size=48))
def test_any_text_is_a_key_or_none(text: str) -> None:
    try:
        key = encryption.parse_key(text)
    except BackupError:
        return
    assert len(key) == encryption.KEY_BYTES
