"""Loggers: where a run is shown beside its own directory, one file per tool."""
