"""Verdict -> words. `execution`: what the interpreter said, or what was got and expected."""
