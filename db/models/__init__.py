"""Every table; import from here so that metadata is complete."""

from db.models.account import Account, AuditEntry, LoginAttempt, WebSession
from db.models.call import Call, EventLogEntry, IngestOffset, Recording, SeatRing, Utterance
from db.models.reference import Category, Policy, Town, Village
from db.models.seat import Seat
from db.models.ticket import Ticket, TicketEvent, TicketNumber

__all__ = [
    "Account",
    "AuditEntry",
    "Call",
    "Category",
    "EventLogEntry",
    "IngestOffset",
    "LoginAttempt",
    "Policy",
    "Recording",
    "Seat",
    "SeatRing",
    "Ticket",
    "TicketEvent",
    "TicketNumber",
    "Town",
    "Utterance",
    "Village",
    "WebSession",
]
