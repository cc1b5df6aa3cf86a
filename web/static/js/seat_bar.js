// The top line of the seat: who, what state since when, who waits, how the day goes, how the line sounds.
import { byId, clock, percent, say, sinceSeconds } from "./api.js";
import { desk, onBoard } from "./desk.js";
import { word as label } from "./pending.js";
import { describe } from "./quality.js";
import { showEngine, showLink } from "./stream.js";
import { whyCounts } from "./why.js";

const waitingCalls = () => desk.board.waiting.filter((call) => call.state === "queued" || call.state === "ringing");
const waitOf = (call) => sinceSeconds(call.queued_at ?? call.arrived_at);

export function mountBar() {
  onBoard(draw);
  setInterval(tick, 500);
}
function draw() {
  const { seat, board, me } = desk;
  byId("who").textContent = seat ? `${seat.id}号席 ${me.name}` : me.name;
  const word = byId("state");
  word.dataset.state = seat?.state ?? "empty";
  say(word, seat ? seat.label + (seat.pause_label && seat.state === "paused" ? ` · ${seat.pause_label}` : "") : "未入席");
  const wish = seat && seat.wish !== "none";
  byId("wish").hidden = !wish;
  byId("wish").title = "按下取消：通话后照常整理";
  if (wish) label("wish", `话后${seat.wish === "sign_off" ? "下班" : `暂停·${seat.wish_label ?? ""}`} ✕`);
  const { today } = board;
  say(byId("today"), `今日 ${today.answered} 接 · 15秒接通 ${percent(today.answered_15s, today.requested ?? today.answered)}`);
  byId("today").title = "15 秒接通 = 15 秒内接听 ÷ 人工请求（问候语中 5 秒内挂断的不计）";
  showLink(board.link);
  showEngine(board.engine);
  tick();
}
function tick() {
  const { seat, board } = desk;
  if (!board) return;
  const waiting = waitingCalls();
  const longest = Math.max(0, ...waiting.map(waitOf));
  const first = whyCounts(waiting);
  say(byId("queue"), waiting.length ? `等待 ${waiting.length}（最长 ${clock(longest)}）${first ? ` ${first}` : ""}` : "等待 0");
  byId("queue").dataset.level = longest > 15 ? "bad" : waiting.length ? "fair" : "good";
  const wrapping = seat?.state === "wrap_up" && seat.wrap_up_until;
  say(byId("since"), !seat ? "" : wrapping ? `剩 ${clock(-sinceSeconds(seat.wrap_up_until))}` : clock(sinceSeconds(seat.since)));
}
export function drawQuality(quality) {
  const place = byId("quality");
  place.hidden = !quality;
  if (!quality) return;
  place.dataset.level = quality.level;
  const number = quality.rtt_ms === null ? `丢包${(100 * quality.loss).toFixed(1)}%` : `${Math.round(quality.rtt_ms)}毫秒`;
  say(place, `质量 ${quality.word} ${number}`);
  place.title = `通话质量：${describe(quality)}`;
}
