"""Encoders: what a model reads at each step."""
