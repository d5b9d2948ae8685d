"""The run folder: journal, generations, metrics, previews. Knows files and hashes; knows no torch, wire or process."""
