"""What is read from disk: runs, studies, statistics, tables, figures. Never torch, never Hydra."""
