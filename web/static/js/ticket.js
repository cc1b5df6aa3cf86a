// One ticket and what became of it.
import { byId, get, make, moment, post } from "./api.js";
import { BRIDGE_FACTS, BridgeHistory } from "./bridge_history.js";
import { clickToDial } from "./click_to_dial.js";
import { open } from "./page.js";
import { listen } from "./stream.js";
import { TicketForm } from "./ticket_form.js";
import { bindTicketKeys } from "./ticket_keys.js";
import { ticketLink } from "./ticket_link.js";

const id = Number(byId("page").dataset.ticket);
const form = new TicketForm();
const history = new BridgeHistory(id);
bindTicketKeys();
clickToDial("ticket-dial", async () => { if (form.dirty) await form.save(); return { ticket_id: id }; }, "ticket-saved");
const words = (event) => {
  const step = event.from_label && event.from_label !== event.to_label ? `${event.from_label} → ${event.to_label}` : event.to_label;
  return `${moment(event.at)} ${event.who} ${step} ${event.words}${event.changes.number ? ` ${event.changes.number}` : ""}`;
};
const drawEvents = (ticket) => byId("events").replaceChildren(...ticket.events.map((event) => make("li", words(event))));
// What was joined into this file, each with its own caller; or the file that this one was joined into
async function drawJoined(ticket) {
  const place = byId("joined");
  const { tickets } = ticket.joined ? await get(`/api/tickets/${id}/joined`) : { tickets: [] };
  place.replaceChildren();
  if (tickets.length) place.append(make("h2", `${tickets.length} 件并入`, { class: "h3" }));
  for (const one of tickets) place.append(make("p", null, {}, ticketLink(one, `${one.number} ${one.title || "未填写"} ${one.caller_masked}`)));
  if (ticket.parent) place.append(make("p", "已并入 ", {}, ticketLink(ticket.parent, ticket.parent.number)));
  if (ticket.may_part) place.append(partButton(ticket));
}
function partButton(ticket) {
  const button = make("button", "拆开", { class: "btn btn-sm", type: "button", "data-testid": "part" });
  button.onclick = async () => {
    if (!confirm(`把本单从 ${ticket.parent.number} 拆出来，恢复成并入之前的状态？`)) return;
    try { form.show(await post(`/api/tickets/${id}/part`, { version: form.ticket.version })); } catch (error) { byId("ticket-problem").textContent = error.message; }
  };
  return button;
}
form.onshow = (ticket) => {
  drawJoined(ticket).catch(() => {});
  byId("call-link").hidden = !ticket.call_id;
  byId("call-link").href = `/calls/${ticket.call_id}`;
  drawEvents(ticket);
};
const look = async () => {
  const fresh = await get(`/api/tickets/${id}`);
  form.take(fresh);
  drawEvents(fresh);
  await history.look();
  await drawJoined(fresh);
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
