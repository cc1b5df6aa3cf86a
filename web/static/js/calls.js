// All calls, newest first.
import { duration, get, moment, whoseNumber } from "./api.js";
import { List, PAGE_LENGTH } from "./list.js";
import { given } from "./given.js";
import { open } from "./page.js";
import { listen } from "./stream.js";

const list = new List(
  async (page) => {
    const { calls } = await get(`/api/calls?page=${page}`);
    return { rows: calls, more: calls.length === PAGE_LENGTH };
  },
  (call) => ({
    href: `/calls/${call.id}`,
    label: `打开 ${moment(call.arrived_at)} 的来电`,
    cells: [
      moment(call.arrived_at), whoseNumber(call.caller_masked), [call.outcome_label ?? call.label, ...call.why.map(({ label }) => label), ...given(call)].join(" · "), call.operator_name ?? "",
      call.wait_s === null ? "" : duration(call.wait_s),
      call.answered_at && call.ended_at ? duration((Date.parse(call.ended_at) - Date.parse(call.answered_at)) / 1000) : "",
    ],
  }),
);
const LIST_CHANGES = ["CallArrived", "CallAnswered", "CallTransferred", "CallEnded", "CallReconciled"];
await open(async () => {
  await list.show();
  // Only the first page moves, and not under somebody's arrow keys
  const fresh = () => (list.page === 1 && !list.body.contains(document.activeElement) ? list.show() : Promise.resolve());
  listen((kind) => { if (LIST_CHANGES.includes(kind)) fresh().catch(() => {}); }, fresh);
});
