"""Queries, a module a noun: the session first, models out, never a commit."""
