"""Everything between Asterisk and our rows: the AMI links, facts, call and seat lives, recordings.

AMI events and Asterisk's own records enter; facts, rows and actions through the `Switchboard` port leave.
Nothing here may stand in the path of a voice, know HTTP, or reach into ivr, transcription or tickets.
"""
