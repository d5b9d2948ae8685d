"""DeepFaceLab's aligned faces as they lie on people's disks: reading, alignment, masks, and the cache of decoded crops.

Knows files and geometry; knows no run, no batch and no network. Every file is taken for hostile until its bytes have
been checked.
"""
