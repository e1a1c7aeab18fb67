"""Optimizers: torch's own, by torch's names, with all settings that can change a number."""
