// Words on the screen: a shift leader's broadcast, or what a leader did to this seat. Text only, never markup.
import { byId, get, moment, now, post, say } from "./api.js";
import { bind } from "./keys.js";

const LOOK_AGAIN_MS = 60_000;
export const NOTE_FACTS = ["NotePosted", "NoteRead"];
let unread = [];

const live = () => unread.filter((note) => Date.parse(note.until) > now());
export async function refreshNotes() {
  unread = (await get("/api/notes")).unread;
  draw();
}
export function mountNotes() {
  byId("note-read").onclick = async () => {
    const [note] = live();
    if (!note) return;
    byId("note-read").disabled = true;
    try { await post(`/api/notes/${note.id}/read`); await refreshNotes(); } catch (error) { say(byId("note-problem"), error.message); } finally { byId("note-read").disabled = false; }
  };
  bind("Alt+M", "note-read", "班长广播：知道了");
  setInterval(draw, 1000); // one whose time is over goes by itself
  setInterval(() => refreshNotes().catch(() => {}), LOOK_AGAIN_MS);
}
function draw() {
  const [note, ...more] = live();
  byId("note").hidden = !note;
  if (!note) return;
  say(byId("note-who"), note.own ? "班长通知" : `班长广播 · ${note.by}`);
  say(byId("note-text"), note.text);
  say(byId("note-when"), `${moment(note.at)}${more.length ? `　还有 ${more.length} 条` : ""}`);
}
