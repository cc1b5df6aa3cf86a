// What the modules of the seat page share: who sits here, the board, the call. The board is the truth; a fact makes us
// look at it again. A module registers with onBoard / onFact / onCall before the page opens (see seat.js).
import { byId, get, getBoard, inOrder, post } from "./api.js";

const listeners = { board: [], call: [], phone: [] };
const facts = [];
const kinds = new Set();

export const desk = {
  me: null,
  board: null,
  seat: null, // this operator's row of the board, or null
  callId: null,
  call: null, // GET /api/calls/{id}, or null while it may not be seen
  phone: null, // Softphone
  incoming: null, // what rings now
  heldAt: null,
  room: null, // the running room of this call (GET /api/v1/bridges), or null
  roomId: null, // the newest one of this call, running or over
  ticket: null, // TicketForm
  words: null, // TranscriptView
};

export const onBoard = (listener) => listeners.board.push(listener); // after each look at the board
export const onCall = (listener) => listeners.call.push(listener); // another call, or news of this one
export const onPhone = (listener) => listeners.phone.push(listener); // the telephone of this page changed
export const tell = (what) => { for (const listener of listeners[what]) listener(desk); };
// `names` are kinds of facts; the listener gets (kind, fact). Kinds unknown to stream.js are subscribed too
export function onFact(names, listener) {
  for (const name of names) kinds.add(name);
  facts.push({ names: new Set(names), listener });
}
export const wantedKinds = () => [...kinds];
export const isMine = (fact) => Boolean(fact.call_id) && fact.call_id === desk.callId;
export function tellFact(kind, fact) {
  for (const { names, listener } of facts) if (names.has(kind)) listener(kind, fact);
}

const newest = inOrder();
export async function refresh() {
  const board = await newest(getBoard);
  if (!board) return;
  desk.board = board;
  if (shown?.code === "unreachable") problem();
  desk.seat = board.seats.find((seat) => seat.operator?.id === desk.me.id) ?? null;
  tell("board");
}
let waiting;
export const refreshSoon = () => { waiting ??= setTimeout(() => { waiting = undefined; refresh().catch(problem); }, 40); };

let shown;
export function problem(error) {
  shown = error;
  for (const place of ["seat-problem", "choose-problem", "check-problem"]) byId(place).textContent = error?.message ?? "";
}
export async function act(work) {
  problem();
  try { await work(); await refresh(); } catch (error) { problem(error); await refresh().catch(() => {}); }
}
export const orderSeat = (verb, body) => post(`/api/seats/${desk.seat.id}/${verb}`, body);
// What a press in this call is made in sight of (press_once.js)
export const inSight = () => [desk.callId, desk.roomId];
// The talk as the switchboard has it: state "talking" or "held"
export const talk = () => desk.board?.talking.find((one) => one.call_id === desk.callId) ?? null;
export const getCall = (id) => get(`/api/calls/${id}`);
