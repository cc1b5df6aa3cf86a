// Words to everybody: write, see who has read them, take them back.
import { byId, make, moment, post } from "./api.js";
import { bind } from "./keys.js";

let shown = "";
let refresh;

export function mountNotes(refreshPage) {
  refresh = refreshPage;
  bind("Alt+N", "note-open", "发广播");
  byId("note-open").onclick = () => byId("note-words").focus();
  byId("note-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("note-problem").textContent = "";
    byId("note-send").disabled = true;
    try {
      await post("/api/notes", { text: byId("note-words").value.replace(/\s+/g, " ").trim(), minutes: Number(byId("note-minutes").value) });
      byId("note-words").value = "";
      await refresh();
    } catch (error) { byId("note-problem").textContent = error.message; } finally { byId("note-send").disabled = false; }
  });
}
export function drawNotes(notes) {
  const now = JSON.stringify(notes);
  if (now === shown) return; // a button that has the focus must not be replaced by the same button
  shown = now;
  byId("notes").replaceChildren(...notes.map((note) => {
    const back = make("button", "撤回", { class: "btn btn-sm", type: "button", "aria-label": `撤回广播：${note.text}` });
    back.onclick = async () => { back.disabled = true; try { await post(`/api/notes/${note.id}/withdraw`); await refresh(); } catch (error) { byId("note-problem").textContent = error.message; back.disabled = false; } };
    const read = note.read_by.length ? `已读：${note.read_by.join("、")}` : "还没有人读";
    return make("div", null, { class: "lead-note", "data-testid": "lead-note" }, make("span", note.text), make("small", `${note.by} · 到 ${moment(note.until)} · ${read}`), back);
  }));
  byId("notes-empty").hidden = notes.length > 0;
}
