import { byId, make, moment } from "./api.js";
import { TicketForm } from "./ticket_form.js";
const form = new TicketForm();
form.onshow = (ticket) => {
  byId("call-link").hidden = !ticket.call_id;
  byId("call-link").href = `/calls/${ticket.call_id}`;
  byId("events").replaceChildren(...ticket.events.map((event) => make("li", `${moment(event.at)} ${event.who} ${event.from_label && event.from_label !== event.to_label ? `${event.from_label} → ` : ""}${event.to_label} ${event.reason === "opened" ? "建立" : event.reason === "edited" ? "修改" : event.reason}`)));
};
await form.open(byId("page").dataset.ticket);
