"""The original's model files, taken over and handed back; and networks for other programs (DFM, ONNX, safetensors)."""
