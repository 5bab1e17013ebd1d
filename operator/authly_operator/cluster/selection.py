"""Which objects of a kind a list or a watch is about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which objects of a kind are meant; all of them where nothing is said.

    Attributes:
        labels: a label selector.
        name: the one object of that name.
    """

    labels: str = ""
    name: str = ""

    def parameters(self) -> dict[str, str]:
        """As a list or a watch is asked for them."""
        fields = f"metadata.name={self.name}" if self.name else ""
        return {"labelSelector": self.labels, "fieldSelector": fields}
