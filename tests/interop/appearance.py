"""What a page looks like to somebody with weak sight: the colours that meet, as computed."""

from dataclasses import dataclass
from typing import Any

from tests.interop import contrast
from tests.interop.contrast import Colour
from tests.interop.tab import Tab
from typing_extensions import override


# WCAG 2.2: 1.4.3 for text, with large text from 24 px, or from 18.66 px if bold; 1.4.11 for
# controls and for the mark of the focus.
TEXT, LARGE_TEXT, INTERFACE = 4.5, 3.0, 3.0
_BEHIND = """
const behind = (element) => {
  const found = []
  for (let each = element; each; each = each.parentElement)
    found.push(getComputedStyle(each).backgroundColor)
  return found
}
const name = (element) => element.id || element.localName
const shown = [...document.body.querySelectorAll('*')].filter((each) => each.checkVisibility())
"""
_TEXTS = """
shown.filter((each) => each.localName !== 'script')
  .filter((each) => each.value || [...each.childNodes].some(
    (child) => child.nodeType === Node.TEXT_NODE && child.data.trim()))
  .map((each) => [name(each), getComputedStyle(each), behind(each)])
  .map(([what, style, behind]) => ({
    what, behind, colour: style.color,
    isLarge: parseFloat(style.fontSize) >= (parseInt(style.fontWeight) >= 700 ? 18.66 : 24),
  }))
"""
_CONTROLS = """
shown.filter((each) => each.matches('input, button'))
  .map((each) => [each, getComputedStyle(each)])
  .map(([each, style]) => ({
    what: name(each), colours: [style.borderTopColor, style.backgroundColor],
    behind: behind(each.parentElement),
  }))
"""
_FOCUS = """
shown.filter((each) => each.matches(':focus-visible'))
  .map((each) => [each, getComputedStyle(each)])
  .map(([each, style]) => ({
    what: `focus on ${name(each)}`,
    colour: style.outlineStyle === 'none' ? 'rgba(0, 0, 0, 0)' : style.outlineColor,
    behind: behind(each.parentElement),
  }))
"""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two colours that have to be told apart."""

    what: str
    ratio: float
    wanted: float

    @override
    def __str__(self) -> str:
        """What a failed test says."""
        return f"{self.what} has {self.ratio:.2f} of {self.wanted}"


def meetings(tab: Tab) -> list[Meeting]:
    """Every text, control and mark of the focus that the page shows."""
    return [*_texts(tab), *_controls(tab), *_focus(tab)]


def is_dark(tab: Tab) -> bool:
    """Whether the page lies on a dark background."""
    return _background(_collect(tab, "[{behind: behind(document.body)}]")[0]).luminance < 0.2


def _texts(tab: Tab) -> list[Meeting]:
    return [
        Meeting(seen["what"], _ratio(seen["colour"], seen), LARGE_TEXT if seen["isLarge"] else TEXT)
        for seen in _collect(tab, _TEXTS)
    ]


def _controls(tab: Tab) -> list[Meeting]:
    """A control is seen by its border or by its face, whichever stands out more."""
    return [
        Meeting(
            f"control {seen['what']}",
            max(_ratio(colour, seen) for colour in seen["colours"]),
            INTERFACE,
        )
        for seen in _collect(tab, _CONTROLS)
    ]


def _focus(tab: Tab) -> list[Meeting]:
    return [
        Meeting(seen["what"], _ratio(seen["colour"], seen), INTERFACE)
        for seen in _collect(tab, _FOCUS)
    ]


def _collect(tab: Tab, expression: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tab.evaluate(f"{{{_BEHIND}; {expression}}}")
    return found


def _ratio(computed: str, seen: dict[str, Any]) -> float:
    background = _background(seen)
    return contrast.ratio(contrast.parse(computed).over(background), background)


def _background(seen: dict[str, Any]) -> Colour:
    """The backgrounds from the innermost outwards, seen through one another, at last on white."""
    colour = Colour(255, 255, 255)
    for computed in reversed(seen["behind"]):
        colour = contrast.parse(computed).over(colour)
    return colour
