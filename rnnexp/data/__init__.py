"""The tasks, one file each. base.py has their interface, text.py what all text corpora share."""
