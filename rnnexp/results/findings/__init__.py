"""What the runs of a study show, in numbers and words: one file per finding."""
