"""report.html: a run or a study in one file that a browser shows, without network or scripts.

Its content is made of findings, the summary and the study (`of_run`, `of_study`, `of_progress`), as
values (`content`); the template says how they look (`render`). Never imports torch.
"""
