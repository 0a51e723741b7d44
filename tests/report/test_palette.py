from __future__ import annotations

import pytest

from tap.report.palette import DARK, INKS, LIGHT, SURFACES, contrast


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_can_be_read_on_every_surface(name: str) -> None:
    """4.5 to 1 is what WCAG 2.2 asks of text (success criterion 1.4.3, level AA)."""
    colours = {"light": LIGHT, "dark": DARK}[name]
    low = {
        f"{ink} on {surface}": round(ratio, 2)
        for ink in INKS
        for surface in SURFACES
        if (ratio := contrast(colours[ink], colours[surface])) < 4.5
    }
    assert not low


def test_both_themes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()


def test_contrast_as_the_standard_has_it() -> None:
    assert contrast("#000000", "#ffffff") == contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1
