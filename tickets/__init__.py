"""The case file: its life, its number, what each step needs.

Facts about calls and operators' edits enter; tickets, their history and TicketChanged leave.
Nothing here may know a telephone channel, a web page or a recogniser.
"""
