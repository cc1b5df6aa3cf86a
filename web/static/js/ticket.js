// One ticket and what became of it.
import { byId, get, make, moment } from "./api.js";
import { BRIDGE_FACTS, BridgeHistory } from "./bridge_history.js";
import { clickToDial } from "./click_to_dial.js";
import { open } from "./page.js";
import { listen } from "./stream.js";
import { TicketForm } from "./ticket_form.js";
import { bindTicketKeys } from "./ticket_keys.js";

const id = Number(byId("page").dataset.ticket);
const form = new TicketForm();
const history = new BridgeHistory(id);
bindTicketKeys();
clickToDial("ticket-dial", async () => { if (form.dirty) await form.save(); return { ticket_id: id }; }, "ticket-saved");
const REASONS = { opened: "建立", edited: "修改", called_back: "回拨接通" };
const words = (event) => {
  const step = event.from_label && event.from_label !== event.to_label ? `${event.from_label} → ${event.to_label}` : event.to_label;
  return `${moment(event.at)} ${event.who} ${step} ${REASONS[event.reason] ?? event.reason}`;
};
const drawEvents = (ticket) => byId("events").replaceChildren(...ticket.events.map((event) => make("li", words(event))));
form.onshow = (ticket) => {
  byId("call-link").hidden = !ticket.call_id;
  byId("call-link").href = `/calls/${ticket.call_id}`;
  drawEvents(ticket);
};
const look = async () => {
  const fresh = await get(`/api/tickets/${id}`);
  form.take(fresh);
  drawEvents(fresh);
  await history.look();
};
let soon;
const lookSoon = () => { soon ??= setTimeout(() => { soon = undefined; history.look().catch(() => {}); }, 100); };
addEventListener("beforeunload", (event) => { if (form.dirty) event.preventDefault(); });
await open(async () => {
  await form.open(id);
  await history.look();
  listen((kind, fact) => {
    if (kind === "TicketChanged" && fact.ticket_id === id) look().catch(() => {});
    if (history.concerns(kind, fact)) lookSoon();
  }, look, BRIDGE_FACTS);
});
