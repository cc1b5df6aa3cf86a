import { byId, get, make, moment } from "./api.js";
async function show() {
  const wanted = new URLSearchParams(new FormData(byId("filter")));
  const { tickets } = await get(`/api/tickets?${wanted}`);
  byId("empty").hidden = tickets.length > 0;
  byId("rows").replaceChildren(...tickets.map((ticket) => {
    const row = make("tr");
    const number = make("td");
    number.append(make("a", ticket.number, { href: `/tickets/${ticket.id}` }));
    row.append(number, make("td", ticket.status_label), make("td", ticket.kind ?? ""), make("td", ticket.title || "（未填写）"), make("td", ticket.caller_masked), make("td", moment(ticket.created_at)));
    return row;
  }));
}
byId("filter").addEventListener("submit", (event) => { event.preventDefault(); show(); });
await show();
