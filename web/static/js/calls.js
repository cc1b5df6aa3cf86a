import { byId, get, make, moment } from "./api.js";
const { calls } = await get("/api/calls");
byId("empty").hidden = calls.length > 0;
byId("rows").replaceChildren(...calls.map((call) => {
  const row = make("tr");
  const link = make("td");
  link.append(make("a", "打开", { href: `/calls/${call.id}` }));
  row.append(make("td", moment(call.arrived_at)), make("td", call.caller_masked), make("td", call.outcome_label ?? call.label), make("td", call.operator_name ?? ""), make("td", call.wait_s === null ? "" : `${Math.round(call.wait_s)} 秒`), link);
  return row;
}));
