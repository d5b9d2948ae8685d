"""The registry of settings and the root of our errors: the one folder that every other may import."""
