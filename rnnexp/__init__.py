"""rnnexp: train recurrent networks on long sequences and see why they do or do not learn."""

__version__ = "0.1.0"
