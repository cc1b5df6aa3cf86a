// Today's calls as bars of time; a click, or Enter, opens the call with its recording.
import { byId, duration, get, make, moment, whoseNumber } from "./api.js";

const state = { page: 1, outcome: "" };

export async function refreshCalls() {
  const { calls, more } = await get(`/api/supervision/calls?page=${state.page}&outcome=${state.outcome}`);
  if (byId("timeline").contains(document.activeElement) && byId("timeline").children.length) return; // not under somebody's keys
  show(calls, more);
}
function show(calls, more) {
  const longest = Math.max(1, ...calls.map((call) => call.segments.reduce((sum, one) => sum + one.seconds, 0)));
  byId("timeline").replaceChildren(...calls.map((call) => line(call, longest)));
  byId("calls-empty").hidden = calls.length > 0;
  byId("calls-empty").textContent = state.outcome ? "今天没有这样的来电" : "今天还没有来电";
  byId("calls-newer").disabled = state.page === 1;
  byId("calls-older").disabled = !more;
  byId("calls-place").textContent = `第 ${state.page} 页`;
}
function line(call, longest) {
  const words = call.segments.map((one) => `${one.label} ${duration(one.seconds)}`).join("，");
  const bar = make("span", null, { class: "time-bar", role: "img", "aria-label": words });
  for (const one of call.segments) bar.append(make("i", null, { class: "time-part", "data-kind": one.kind, style: `width:${(100 * one.seconds) / longest}%`, title: `${one.label} ${duration(one.seconds)}${one.seat_id ? ` · ${one.seat_id}号席` : ""}` }));
  return make("a", null, { class: "time-line", href: `/calls/${call.id}`, "data-testid": "time-line" },
    make("span", moment(call.arrived_at).split(" ")[1]), make("span", whoseNumber(call.caller_masked)), make("span", call.label), make("span", call.operator_name), bar);
}
const failed = (error) => { byId("calls-empty").hidden = false; byId("calls-empty").textContent = error.message; };
export function mountCalls() {
  const go = (page) => { state.page = page; byId("timeline").replaceChildren(); refreshCalls().catch(failed); };
  byId("calls-filter").onchange = (event) => { state.outcome = event.target.value; go(1); };
  byId("calls-newer").onclick = () => go(state.page - 1);
  byId("calls-older").onclick = () => go(state.page + 1);
}
