"""Clipping rules: what is done to gradients that are too large."""
