"""Models: encoder -> recurrence -> readout."""
