"""The `rnnexp` command: from words to what is to be done."""
