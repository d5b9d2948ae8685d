"""The kinds of picture, best first, and how tiles lie: what is known before NumPy is imported."""

MODES = ("quadrant", "half", "half256", "braille", "ascii")
DOTS_A_ROW = {"quadrant": 2, "half": 2, "half256": 2, "braille": 4, "ascii": 1}   # picture rows in a row of cells
GAP = 1     # cells between tiles
