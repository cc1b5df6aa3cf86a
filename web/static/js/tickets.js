// All tickets, newest first, filtered by status and words.
import { byId, get, moment } from "./api.js";
import { List, PAGE_LENGTH } from "./list.js";
import { open } from "./page.js";

const filter = byId("filter");
const wanted = new URLSearchParams(location.search);
for (const name of ["status", "q"]) if (wanted.has(name)) filter.elements[name].value = wanted.get(name);

const list = new List(
  async (page) => {
    const words = new URLSearchParams(new FormData(filter));
    const { tickets, total } = await get(`/api/tickets?${words}&page=${page}`);
    return { rows: tickets, more: page * PAGE_LENGTH < total };
  },
  (ticket) => ({
    href: ticket.may_open ? `/tickets/${ticket.id}` : null,
    label: ticket.may_open ? `打开工单 ${ticket.number}` : `工单 ${ticket.number}：只有经办人和班长能打开`,
    cells: [ticket.number, ticket.status_label, ticket.kind ?? "", `${ticket.title || "（未填写）"}${ticket.joined ? `（${ticket.joined} 件并入）` : ""}`, ticket.caller_masked, ticket.operator_name ?? "", moment(ticket.created_at)],
  }),
);
filter.addEventListener("submit", (event) => {
  event.preventDefault();
  // The address keeps the filter: back from a ticket leads to the same list
  history.replaceState(null, "", `?${new URLSearchParams(new FormData(filter))}`);
  list.go(1);
});
filter.elements.status.addEventListener("change", () => filter.requestSubmit());
await open(() => list.show());
