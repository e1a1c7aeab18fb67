"""Initialisations: what the recurrent weights, or the gates, start from."""
