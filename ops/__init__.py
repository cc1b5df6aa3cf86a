"""Set-up, start, check, call, prompts and models: the `minsheng` command.

In come an administrator's words; out go processes, files and sentences.
No rule of the telephone, the transcript or the ticket may live here.
"""
