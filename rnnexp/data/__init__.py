"""What is learned: one file per task; text.py is the pipeline every text corpus goes through."""
