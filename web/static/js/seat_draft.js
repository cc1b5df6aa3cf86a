// Mount of the live draft in <section id="draft"> above the ticket form; hidden while empty.
// Use: desk.ticket (TicketForm: take(fresh) merges a newer version without touching what was typed), onFact, isMine.
export function mountDraft() {}
