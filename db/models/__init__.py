"""Every table; import from here so that metadata is complete."""

from db.models.account import Account, AuditEntry, LoginAttempt, WebSession
from db.models.bridge import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber
from db.models.call import Call, EventLogEntry, IngestOffset, Recording, SeatRing, Utterance
from db.models.callback import Callback, CallbackAttempt, CallbackCall, CallbackParty
from db.models.directory import (
    ApiKey,
    BridgeRule,
    Contact,
    DutyShift,
    Grid,
    GridMember,
    PhoneNumber,
    Unit,
)
from db.models.draft import DraftCorrection, HouseWord
from db.models.reference import Category, Policy, Town, Village
from db.models.seat import Seat
from db.models.supervision import LeadPhone, Note, NoteReader, Supervision
from db.models.ticket import Ticket, TicketEvent, TicketNumber

__all__ = [
    "Account",
    "ApiKey",
    "AuditEntry",
    "Bridge",
    "BridgeAttempt",
    "BridgeLeg",
    "BridgeNumber",
    "BridgeRule",
    "Call",
    "Callback",
    "CallbackAttempt",
    "CallbackCall",
    "CallbackParty",
    "Category",
    "Contact",
    "DraftCorrection",
    "DutyShift",
    "EventLogEntry",
    "Grid",
    "GridMember",
    "HouseWord",
    "IngestOffset",
    "LeadPhone",
    "LoginAttempt",
    "Note",
    "NoteReader",
    "PhoneNumber",
    "Policy",
    "Recording",
    "Seat",
    "SeatRing",
    "Supervision",
    "Ticket",
    "TicketEvent",
    "TicketNumber",
    "Town",
    "Unit",
    "Utterance",
    "Village",
    "WebSession",
]
