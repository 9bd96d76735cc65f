"""Fonts for names in any script: another may have what the usual one lacks."""

import functools

from tfcmc.foundation.lazy import LazyModule

font_manager = LazyModule("matplotlib.font_manager")
ft2font = LazyModule("matplotlib.ft2font")
text = LazyModule("matplotlib.text")

LAST_RESORT = "LastResort"  # has a box for every sign that there is


def choose_fonts(drawn):
    """Gives every text of a figure the fonts that its signs need.

    A sign that no font of this machine has is said, once.

    Args:
        drawn: The figure, complete.
    """
    texts = drawn.findobj(text.Text)
    signs = {sign for each in texts for sign in each.get_text()}
    usual = font_manager.findfont(font_manager.FontProperties())
    missing = frozenset(
        sign
        for sign in signs - _signs_of(usual)
        if sign.isprintable() and not sign.isspace()
    )
    if not missing:
        return
    families = _families_with(missing)
    for each in texts:
        each.set_fontfamily([*each.get_fontfamily(), *families])


@functools.cache
def _families_with(missing):
    """Returns families that have these signs, and says which none has."""
    families = []
    paths = {entry.fname for entry in font_manager.fontManager.ttflist}
    paths |= set(font_manager.findSystemFonts())
    paths = sorted(path for path in paths if LAST_RESORT not in path)
    while missing:
        best = max(paths, key=lambda path: len(missing & _signs_of(path)))
        if not missing & _signs_of(best):
            break
        missing -= _signs_of(best)
        # Fonts that came after Matplotlib's list of them are not in it.
        font_manager.fontManager.addfont(best)
        families.append(font_manager.get_font(best).family_name)
    if missing:
        print(
            f"  note: no font on this machine has {''.join(sorted(missing))}: "
            f"figures have boxes there\n"
            f"    (the Noto fonts have all scripts, "
            f"fonts-noto-cjk Chinese, Japanese and Korean)"
        )
    return tuple(families)


@functools.cache
def _signs_of(path):
    """Returns the signs that a font file has; none if it cannot be read."""
    try:
        return frozenset(map(chr, ft2font.FT2Font(path).get_charmap()))
    except (OSError, RuntimeError):
        return frozenset()
