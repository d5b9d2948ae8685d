"""From the tensors of one network to those of another: other letters, another family, other widths, another side.

Pure: arrays and settings go in, arrays and a report come out (`convert.py`). Knows no runs, files or processes.
"""
