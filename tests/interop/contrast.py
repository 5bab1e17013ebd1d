"""Contrast as WCAG 2.2 defines it, of colours as browsers compute them."""

import re
from dataclasses import dataclass


_COLOUR = re.compile(r"rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)")


@dataclass(frozen=True, slots=True)
class Colour:
    """sRGB, each channel from 0 to 255, and an opacity from 0 to 1."""

    red: float
    green: float
    blue: float
    opacity: float = 1.0

    @property
    def luminance(self) -> float:
        """The relative luminance, from 0 for black to 1 for white."""
        red, green, blue = map(_linear, (self.red, self.green, self.blue))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def over(self, behind: "Colour") -> "Colour":
        """What is seen where this lies over an opaque colour."""
        part = self.opacity
        return Colour(
            self.red * part + behind.red * (1 - part),
            self.green * part + behind.green * (1 - part),
            self.blue * part + behind.blue * (1 - part),
        )


def parse(computed: str) -> Colour:
    """Read a computed value like rgb(27, 31, 42) or rgba(0, 0, 0, 0)."""
    match = _COLOUR.fullmatch(computed)
    assert match is not None, f"not a colour: {computed}"
    red, green, blue, opacity = match.groups()
    return Colour(float(red), float(green), float(blue), float(opacity or 1))


def ratio(one: Colour, other: Colour) -> float:
    """The contrast ratio, from 1 to 21."""
    dark, light = sorted((one.luminance, other.luminance))
    return (light + 0.05) / (dark + 0.05)


def _linear(channel: float) -> float:
    value = channel / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
