"""How findings are drawn, with matplotlib: a file per finding, in one style. Never imports torch.

What is drawn is in the finding; no file is read here.
"""
