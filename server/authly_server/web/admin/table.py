"""The table of the administrators' API: nothing else is there, and each row is documented.

A resource is added by a row, and a module that answers it: see `operation.py` for what a row says
and what its function is given.
"""

from typing import Final

from authly_server.web.admin import keys
from authly_server.web.admin.operation import Operation


OPERATIONS: Final = (
    Operation(
        *("GET", "/keys", "listKeys", "The keys that tokens are signed with"),
        keys.find_all,
        gives=keys.Key,
        is_list=True,
    ),
)
