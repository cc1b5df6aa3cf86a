// Who typed a wrong password too often: said to the leader, who lets them try again.
import { byId, make, moment, post } from "./api.js";
import { problem } from "./supervisor_desk.js";

let shown = "";

export function drawLocks(locks, refresh) {
  const now = JSON.stringify(locks);
  if (now === shown) return; // a button that has the focus must not be replaced by the same button
  shown = now;
  byId("locks").hidden = !locks.length;
  byId("locks").replaceChildren(...locks.map((lock) => row(lock, refresh)));
}
function row(lock, refresh) {
  const who = lock.name ? `${lock.name}（${lock.login}）在 ${lock.address}` : `${lock.address} 上的所有账号`;
  const box = make("div", null, { class: "lead-lock", "data-testid": "login-lock" }, make("span", `▲ ${who} 输错密码 ${lock.failures} 次，${moment(lock.until)} 前不能登录`));
  if (!lock.may_release) return box;
  const button = make("button", "解除", { class: "btn btn-sm", type: "button", "aria-label": `解除登录限制：${who}` });
  button.onclick = async () => {
    button.disabled = true;
    try { await post("/api/v1/login-locks/release", { address: lock.address, account_id: lock.account_id }); await refresh(); } catch (error) { problem(error); button.disabled = false; }
  };
  box.append(button);
  return box;
}
