import { byId, clock, get, make, sinceSeconds } from "./api.js";
import { listen } from "./stream.js";
let board;
async function refresh() { board = await get("/api/board"); draw(); }
function draw() {
  if (!board) return;
  byId("tiles").replaceChildren(...board.seats.map((seat) => {
    const tile = make("div", null, { class: "tile", "data-testid": `wall-seat-${seat.id}` });
    tile.append(make("b", `${seat.id} 号`), make("span", seat.label + (seat.state === "paused" && seat.pause_label ? ` ${seat.pause_label}` : ""), { class: "word", "data-state": seat.state }), make("div", seat.operator?.name ?? "—"), make("div", seat.state === "empty" ? "" : clock(sinceSeconds(seat.since))));
    return tile;
  }));
  const rows = board.waiting.map((call) => {
    const seconds = sinceSeconds(call.queued_at ?? call.arrived_at);
    const row = make("div", null, { class: `wait-strip${seconds > 15 ? " late" : ""}`, "data-testid": "waiting-item" });
    row.append(make("span", call.state === "leaving_message" ? "留言中" : call.state === "greeting" ? "问候语" : call.state === "ringing" ? "振铃" : "排队"), make("b", clock(seconds)));
    return row;
  });
  byId("waiting").replaceChildren(...(rows.length ? rows : [make("div", "没有人在等待", { class: "quiet" })]));
  const { today } = board;
  const rate = today.answered ? `${Math.round((100 * today.answered_15s) / today.answered)}%` : "—";
  const figures = [["今日来电", today.offered], ["人工接听", today.answered], ["15 秒接通", rate], ["放弃", today.abandoned], ["留言", today.voicemail]];
  byId("figures").replaceChildren(...figures.map(([name, value]) => { const box = make("div", name); box.prepend(make("b", String(value))); return box; }));
}
await refresh();
setInterval(draw, 1000);
let soon;
listen((kind) => { if (!kind.startsWith("Utterance")) soon ??= setTimeout(() => { soon = undefined; refresh().catch(() => {}); }, 40); }, () => refresh().catch(() => {}));
