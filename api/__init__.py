"""The doors for people and the wiring of the house.

Requests enter; pages, JSON and server-sent events leave. Every route names the role that may use it.
No rule of the telephone, the transcript or the ticket may live here.
"""
