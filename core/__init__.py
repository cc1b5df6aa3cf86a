"""The words everybody speaks: facts, vocabulary, ids, errors, settings, clock, bus, tasks, logging.

Nothing of ours is imported here; every other room imports from here.
No I/O but reading the settings file and the environment may ever live here.
"""
