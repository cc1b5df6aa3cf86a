// Keys of other systems: a new one is shown once; an ended one stays in the list.
import { ask, byId, get, make, moment, post } from "./api.js";

export async function showKeys() {
  try {
    const { scopes, keys } = await get("/api/v1/api-keys");
    byId("key-rows").replaceChildren(...keys.map((key) => {
      const row = make("tr", null, { "data-testid": "row-keys" }, make("td", key.name), make("td", `${key.start}…`), make("td", key.scopes.map((one) => scopes[one] ?? one).join("、")), make("td", moment(key.created_at)), make("td", key.last_used_at ? moment(key.last_used_at) : "从未使用"));
      const last = make("td", key.revoked_at ? `${moment(key.revoked_at)} 停用` : null);
      if (!key.revoked_at) {
        const end = make("button", "停用", { class: "btn btn-sm btn-outline-danger", type: "button" });
        end.onclick = () => confirm(`停用“${key.name}”的密钥？该系统将立即不能再发起三方通话，不能恢复。`) && tried(() => ask("DELETE", `/api/v1/api-keys/${key.id}`));
        last.append(end);
      }
      row.append(last);
      return row;
    }));
  } catch (error) { byId("keys-problem").textContent = error.message; }
}
async function tried(act) {
  byId("keys-problem").textContent = "";
  try { await act(); await showKeys(); } catch (error) { byId("keys-problem").textContent = error.message; }
}
export function mountKeys() {
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    tried(async () => {
      const made = await post("/api/v1/api-keys", { name: event.target.elements.name.value, scopes: ["bridges"] });
      byId("key-once").hidden = false;
      byId("key-text").textContent = made.key;
      event.target.reset();
    });
  });
}
