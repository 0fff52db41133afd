"""Runs programs that nobody has read. Standard library only."""
