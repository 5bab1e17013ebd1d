"""The forms of a page, read from its HTML."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form: where it goes, what it sends, and the choices that its buttons send."""

    name: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[str, str]] = field(default_factory=list)


def parse(page: str) -> list[Form]:
    """The forms, in the order of the page."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    return parser.forms


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []

    # Python 3.11 has no typing.override, and nothing but the standard library is there.
    def handle_starttag(  # type: ignore[explicit-override]
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        attributes = {name: text or "" for name, text in attrs}
        if tag == "form":
            self.forms.append(Form(attributes.get("id", ""), attributes.get("action", "")))
        elif self.forms and attributes.get("name"):
            pair = attributes["name"], attributes.get("value", "")
            if tag == "input":
                self.forms[-1].fields[pair[0]] = pair[1]
            elif tag == "button":
                self.forms[-1].choices.append(pair)
