// Choosing one more party: a role that is not there yet, or somebody from the directory.
import { get, make } from "./api.js";
import { OVER } from "./party_cards.js";

const ROLES = [["emergency-110", "110 报警（交接并录音）"], ["emergency-119", "119 火警（交接并录音）"], ["emergency-120", "120 急救（交接并录音）"], ["emergency-122", "122 交通事故（交接并录音）"], ["citizen", "群众（来电号码）"], ["grid_worker", "网格员"], ["internet_office", "网信部门"], ["handling_unit", "承办单位"]];

export function open(choose, legs) {
  // The caller is called back only when he is gone: never beside himself
  const here = legs.some(({ role, state }) => role === "citizen" || (role === "caller" && !OVER.includes(state)));
  const dialog = make("dialog", null, { "aria-label": "加人", "data-testid": "bridge-add" }, make("h2", "加人", { class: "h3" }));
  const close = () => { dialog.close(); dialog.remove(); };
  const pick = (body) => { close(); choose(body); };
  const roles = make("div", null, { class: "d-grid gap-2" });
  for (const [role, words] of ROLES.filter(([role]) => role !== "citizen" || !here)) {
    const one = make("button", words, { class: "btn", type: "button", "data-testid": `add-${role}` });
    one.onclick = () => pick({ role });
    roles.append(one);
  }
  const found = make("div", null, { class: "d-grid gap-2 mt-2" });
  const search = make("input", null, { class: "form-control mt-3", type: "search", placeholder: "在通讯录里找单位或人员", "aria-label": "在通讯录里找单位或人员" });
  search.oninput = async () => {
    const words = search.value.trim();
    if (words.length < 2) return found.replaceChildren();
    const kinds = await Promise.all(["units", "contacts"].map((kind) => get(`/api/v1/directory/${kind}?q=${encodeURIComponent(words)}`).catch(() => ({ rows: [] }))));
    if (search.value.trim() !== words) return;
    const numbers = kinds.flatMap(({ rows }) => rows.flatMap((row) => row.numbers.map((one) => ({ ...one, name: row.name }))));
    found.replaceChildren(...numbers.slice(0, 6).map((one) => {
      const made = make("button", `${one.name} ${one.masked}${one.verified_at ? "" : "（未核实）"}`, { class: "btn", type: "button" });
      made.onclick = () => pick({ number_id: one.id });
      return made;
    }));
    if (!numbers.length) found.append(make("p", "没有找到", { class: "quiet" }));
  };
  const cancel = make("button", "关闭", { class: "btn", type: "button" });
  cancel.onclick = close;
  dialog.addEventListener("cancel", () => dialog.remove());
  dialog.append(roles, search, found, make("div", null, { class: "dialog-keys" }, cancel));
  document.body.append(dialog);
  dialog.showModal();
}
