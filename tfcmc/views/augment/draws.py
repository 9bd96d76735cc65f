"""Which of the uniform numbers of a view decides what.

Every row of parameters reads the same places, so that a draw means the same
under all of them.
"""

TRIES = 10  # crops drawn until one fits into the picture
AREA, RATIO = slice(0, TRIES), slice(TRIES, 2 * TRIES)
TOP, LEFT, FLIP = 20, 21, 22
JITTER, BRIGHTNESS, CONTRAST, SATURATION, HUE, ORDER = 23, 24, 25, 26, 27, 28
GREY, BLUR, SIGMA, SOLARISE = 29, 30, 31, 32
DRAWS = 36  # three to spare: whole blocks of four
