"""What administrators send, as the program would show it to whoever reads a log or a stack."""

import pytest

from authly_server.web.admin.operation import Shape
from authly_server.web.admin.table import OPERATIONS


TAKEN = dict.fromkeys(each.takes for each in OPERATIONS if each.takes)
WITH_PASSWORD = [shape for shape in TAKEN if "password" in shape.model_fields]


@pytest.mark.parametrize("shape", WITH_PASSWORD)
def test_a_password_is_in_no_representation(shape: type[Shape]) -> None:
    given = {"email": "ada@example.org", "password": "hunter2 hunter2"}
    sent = shape.model_validate({k: v for k, v in given.items() if k in shape.model_fields})
    assert "hunter2" not in f"{sent!r} {sent}"


def test_there_are_such_shapes() -> None:
    assert len(WITH_PASSWORD) == 2
