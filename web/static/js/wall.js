// The wall: who waits, who works, how the day goes. No number, no name of a caller.
import { byId, clock, get, getBoard, inOrder, make, now, percent, say, sinceSeconds } from "./api.js";
import { BRIDGE_FACTS } from "./bridge_history.js";
import { givenNow } from "./given.js";
import { NOTE_FACTS } from "./notes.js";
import { open } from "./page.js";
import { listen, showDisk, showEngine, showLink } from "./stream.js";
import { whyWords } from "./why.js";

const GOAL_S = 15; // GB/T 33358
const GOAL_RATE = 0.95;
const LONG_WAIT_S = 60;
const SHOWN = 9;
const NOTES_AGAIN_MS = 60_000;
const WORDS = { greeting: "听问候语", queued: "排队", ringing: "振铃", leaving_message: "正在留言" };
const WAITS = ["queued", "ringing"];
let board;
let notes = [];

const newest = inOrder();
async function refresh() {
  board = await newest(getBoard) ?? board;
  draw();
}
function seatTile(seat) {
  const tile = make("div", null, { class: "wall-seat", "data-testid": `wall-seat-${seat.id}`, "data-state": seat.state });
  const word = seat.label + (seat.state === "paused" && seat.pause_label ? ` · ${seat.pause_label}` : "");
  tile.append(
    make("b", `${seat.id}`),
    make("div", null, {}, make("span", word, { class: "word", "data-state": seat.state }), make("div", seat.operator?.name ?? "无人", { class: "name" })),
    make("time", seat.state === "empty" ? "" : clock(sinceSeconds(seat.since))),
  );
  return tile;
}
const waited = (call) => sinceSeconds(call.queued_at ?? call.arrived_at);
function strip(call, place) {
  const seconds = waited(call);
  const late = seconds > GOAL_S && WAITS.includes(call.state);
  const row = make("div", null, { class: "wait-strip", "data-testid": "waiting-item", "data-level": late ? "bad" : "good" });
  row.append(make("span", `${place}`), make("span", `${WORDS[call.state] ?? ""} `, {}, ...whyWords(call)), make("b", clock(seconds)));
  return row;
}
// Oldest on top; the line of 15 seconds is drawn where the strips cross it
function drawWaiting() {
  const calls = [...board.waiting].sort((one, other) => waited(other) - waited(one));
  const rows = calls.slice(0, SHOWN).map((call, index) => strip(call, index + 1));
  const line = make("div", `${GOAL_S} 秒`, { class: "goal-line", "data-testid": "goal-line" });
  const late = calls.slice(0, SHOWN).filter((call) => waited(call) > GOAL_S).length;
  if (rows.length) rows.splice(late, 0, line); else rows.push(make("div", "没有人在等待", { class: "wall-quiet" }));
  if (calls.length > SHOWN) rows.push(make("div", `还有 ${calls.length - SHOWN} 位`, { class: "wall-quiet" }));
  byId("waiting").replaceChildren(...rows);
  say(byId("waiting-count"), String(calls.filter((call) => WAITS.includes(call.state)).length));
}
function figure(name, value, title = "") {
  const box = make("div", null, { class: "figure", title });
  box.append(make("span", name), make("b", String(value)));
  return box;
}
function drawFigures() {
  const { today } = board;
  byId("figures").replaceChildren(
    figure("来电", today.offered), figure("人工接听", today.answered),
    figure("15 秒接通", percent(today.answered_15s, today.requested ?? today.answered), "15 秒内接听 ÷ 人工请求"),
    today.turned_away
      ? figure("放弃 · 婉拒", `${today.abandoned} · ${today.turned_away}`, "婉拒：频繁来电没有按键，或线路将满；与放弃分开计")
      : figure("放弃", today.abandoned),
    figure("留言", today.voicemail), figure("登记回拨", today.callback), figure("正在等", today.in_progress), figure("待回拨", board.callbacks.open),
  );
  const day = board.last_24h;
  const place = byId("rate");
  place.title = "接通率 = 人工接听 ÷ 人工请求（问候语中 5 秒内挂断的不计，仍在等待的不计）";
  const share = day?.requested ? day.answered / day.requested : null;
  place.dataset.level = share === null ? "none" : share >= GOAL_RATE ? "good" : "bad";
  const bar = make("div", null, { class: "rate-bar" }, make("i", null, { style: `width:${100 * (share ?? 0)}%` }), make("span", "95%", { class: "rate-goal" }));
  place.replaceChildren(
    make("b", share === null ? "—" : `${(100 * share).toFixed(1)}%`),
    make("span", share === null ? "还没有来电" : `${share >= GOAL_RATE ? "✓ 达标" : "▼ 低于 95%"}　${day.answered} / ${day.requested}`), bar,
  );
}
function alerts() {
  const found = [];
  const add = (level, words) => found.push({ level, words });
  const ready = board.seats.filter((seat) => seat.state === "ready").length;
  const manned = board.seats.filter((seat) => !["empty", "checking"].includes(seat.state)).length;
  const waiting = board.waiting.filter((call) => WAITS.includes(call.state));
  const longest = Math.max(0, ...waiting.map(waited));
  if (board.link.state !== "up") add("bad", `话务控制${board.link.label}：电话仍可接听和录音，画面可能不是最新`);
  if (!manned) add("bad", "没有坐席在岗：来电将转为留言");
  if (waiting.length && !ready && manned) add("fair", "有人在等，没有就绪的坐席");
  if (longest > LONG_WAIT_S) add("bad", `有群众已等待 ${clock(longest)}`);
  const taken = board.talking.filter((one) => one.seat_id === null && one.leader);
  if (taken.length) add("fair", `班长正在接听 ${taken.length} 通接管的来电`);
  for (const one of board.given) add("good", givenNow(one, true));
  const { open: waits, overdue, soon: near } = board.callbacks;
  if (overdue) add("bad", `回拨超时 ${overdue} 个，共 ${waits} 个待回拨`);
  else if (near) add("fair", `${near} 个回拨将超时，共 ${waits} 个待回拨`);
  for (const seat of board.seats) {
    if (seat.state === "paused" && seat.pause_reason === "missed") add("fair", `${seat.id} 号席漏接后暂停`);
    if (seat.operator && seat.phone_online === false && !["empty", "checking"].includes(seat.state)) add("bad", `${seat.id} 号席话机掉线`);
  }
  return found;
}
// 一键三方 while it runs: each role and how far it is
function emergencyRow(one) {
  const row = make("div", `▲ ${one.kind_label} ${one.seat_id ? `${one.seat_id}号席` : one.presser_label} ${clock(sinceSeconds(one.pressed_at))}`, { class: "alert-row", "data-level": "fair", "data-testid": "wall-emergency" });
  row.append(...one.legs.map((leg) => make("span", `${leg.role_label} ${leg.label}`, { class: "wall-party", "data-state": leg.state })));
  return row;
}
function drawAlerts() {
  const found = alerts();
  const quiet = found.every(({ level }) => level === "good") && !board.emergencies.length;
  const rows = found.map(({ level, words }) => make("div", `${level === "bad" ? "▲" : "●"} ${words}`, { class: "alert-row", "data-level": level }));
  byId("alerts").replaceChildren(...(quiet ? [make("div", "✓ 一切正常", { class: "alert-row", "data-level": "good" })] : []), ...board.emergencies.map(emergencyRow), ...rows);
}
// Broadcasts stand until their time is over; what is meant for one operator never comes here
function drawNotes() {
  const shown = notes.filter((note) => Date.parse(note.until) > now());
  const words = shown.map((note) => `班长广播：${note.text}`);
  if (byId("notes").textContent !== words.join("")) byId("notes").replaceChildren(...words.map((text) => make("div", text, { class: "strip strip-note" })));
}
const readNotes = () => get("/api/notes").then(({ standing }) => { notes = standing; drawNotes(); });
function draw() {
  if (!board) return;
  say(byId("wall-clock"), new Date(now()).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false }));
  byId("tiles").replaceChildren(...board.seats.map(seatTile));
  drawWaiting();
  drawFigures();
  drawAlerts();
  drawNotes();
  showLink(board.link);
  showEngine(board.engine);
  showDisk(board.disk);
}
let soon;
const refreshSoon = () => { soon ??= setTimeout(() => { soon = undefined; refresh().catch(() => {}); }, 40); };
await open(async () => {
  await refresh();
  await readNotes();
  setInterval(draw, 1000);
  setInterval(() => readNotes().catch(() => {}), NOTES_AGAIN_MS);
  listen((kind) => {
    if (NOTE_FACTS.includes(kind)) readNotes().catch(() => {}); else if (!kind.startsWith("Utterance")) refreshSoon();
  }, () => Promise.all([refresh(), readNotes()]), [...NOTE_FACTS, ...BRIDGE_FACTS, "LegHeld", "CallTakenOver"]);
});
