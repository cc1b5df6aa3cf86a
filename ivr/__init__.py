"""What a caller hears and keys: prompts, the FastAGI server and its answers.

AGI requests enter from Asterisk; answers of a few seconds leave, or the dialplan goes on without them.
Nothing on the main path may live here: with this room dead a caller still reaches a seat.
"""
