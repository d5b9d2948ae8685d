"""Networks: their shapes, parts and blocks, first weights, pictures, and the names that the original gives its tensors.

Knows nothing of losses, optimizers, files or runs.
"""
