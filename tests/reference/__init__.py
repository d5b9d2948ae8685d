"""Independent restatements of the product's arithmetic, in plain NumPy float64.

Written from the descriptions (`facts/*.md`, papers) by somebody who had not read `core/`, so that a misreading has to
happen twice in the same way to go unnoticed. Slow and obvious on purpose. Nothing imports the product but the tests
`test_product_*.py`, which hold it against these modules.

Pictures are (b, c, h, w) in loss modules and (h, w, c) in sample modules, BGR, 0..1, as in the descriptions.
Loss functions accept complex input wherever they are analytic, so that `derivative.py` can differentiate them exactly.
"""
