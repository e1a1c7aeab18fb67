"""A plugin of rnnexp: do the first and the last symbol agree?

Nothing needs to be imported here: rnnexp reads conf/, and imports cells/ and findings/ by itself.
"""
