"""Speed beside plain PyTorch and other frameworks, measured in one run: `python -m benchmarks`."""
