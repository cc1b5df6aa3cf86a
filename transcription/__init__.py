"""Sound in, words out: audio taps, the recogniser, live lines, and the second pass over the recording.

Calls and sound enter; guesses, settled lines and final transcripts leave.
Nothing here may block a call, know AMI, or decide what a ticket says.
"""
