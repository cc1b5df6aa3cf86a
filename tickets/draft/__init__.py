"""From what a caller says to a draft that needs one look.

Speech turns and rows (regions, lexicons, a trained model) enter; a Draft leaves, each field with its
evidence and how sure it is. Nothing here may submit, store or hear anything, or take the operator's
words for the caller's facts.
"""
