"""Can a judge be fooled? A corpus of programs made for that, and what this machine's judge, or another, says of them.

The programs are ours (`corpus.jsonl`, one a line, with its group and what it tries). Some of them get out of graders
that do not hold them, so other graders run in a cell of their own (`cell`) and nowhere else.
"""
