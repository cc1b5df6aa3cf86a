// Keys of this page: one table, shown on the buttons and in the help. Chosen so that Chrome and Chinese input methods
// leave them alone: no F5 F11 F12 (Chrome), no Alt+A Alt+R Alt+Z (chat and graphics programs), no Ctrl (editing).
import { byId, make } from "./api.js";

const table = [];
// `id` is the button that the key presses; `when` (optional) must hold
export function bind(key, id, words, when = () => true) { table.push({ key, id, words, when }); }

// A line of the help for keys that are said together
export function note(key, words) { table.push({ key, id: "", words, when: () => false }); }

const nameOf = (event) => (event.altKey && !event.ctrlKey ? `Alt+${event.code.replace(/^(Key|Digit)/, "")}` : event.ctrlKey || event.metaKey ? "" : event.key);
const writing = (target) => target.closest?.("input, textarea, select");
const reachable = (button) => !button.disabled && button.checkVisibility();

addEventListener("keydown", (event) => {
  if (event.isComposing || event.repeat) return;
  const name = nameOf(event);
  const found = table.filter((one) => one.key === name);
  if (!found.length || (name.length === 1 && writing(event.target))) return;
  event.preventDefault();
  const button = found.filter((one) => one.when()).map((one) => byId(one.id)).find((one) => one && reachable(one));
  const modal = document.querySelector("dialog:modal");
  // An open dialogue has the keyboard; calls are answered and ended all the same
  if (button && (!modal || modal.contains(button) || name.startsWith("F") || modal.id === found[0].id.replace("-open", ""))) button.click();
});

export function mountHelp() {
  const dialog = byId("help");
  byId("help-open").onclick = () => {
    if (dialog.open) return dialog.close();
    byId("help-keys").replaceChildren(...[...new Map(table.filter((one) => one.words).map((one) => [`${one.key} ${one.words}`, one])).values()].flatMap((one) => [make("dt", null, {}, make("kbd", one.key)), make("dd", one.words)]));
    dialog.showModal();
  };
  byId("help-close").onclick = () => dialog.close();
  bind("F10", "help-open", "打开或关闭这张帮助");
  bind("?", "help-open", "同 F10（不在输入框里时）");
}
