"""One run: what it is, how it is built, trained, tested and recorded."""
