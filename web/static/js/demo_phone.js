// A citizen's telephone in a tab: calls the hotline and nothing else.
import { byId, clock, get, make } from "./api.js";
import { Softphone } from "./softphone.js";
import { audio, watchLevel } from "./sound.js";
const account = await get("/api/demo/sip");
const phone = new Softphone(account, byId("remote"));
let began;
const say = (words) => { byId("status").textContent = words; };
const draw = () => { byId("call").disabled = Boolean(phone.session) || !phone.agent.isRegistered(); byId("hangup").disabled = !phone.session; };
phone.addEventListener("registered", () => { if (!phone.session) say("可以拨打"); draw(); });
phone.addEventListener("unregistered", () => { say("话机未连接，正在重试…"); draw(); });
phone.addEventListener("calling", () => { say("正在呼叫…"); draw(); });
phone.addEventListener("talking", () => { began = Date.now(); draw(); const stream = byId("remote").srcObject; if (stream) watchLevel(stream, (level) => { byId("level").style.width = `${Math.min(100, level * 300)}%`; }); });
phone.addEventListener("over", () => { began = undefined; say("通话结束"); byId("level").style.width = "0"; draw(); });
setInterval(() => { if (began) say(`通话中 ${clock((Date.now() - began) / 1000)}`); }, 500);
byId("call").onclick = () => { audio(); phone.call(account.target); };
byId("hangup").onclick = () => phone.hangUp();
for (const key of "123456789*0#") { const button = make("button", key, { class: "btn", type: "button" }); button.onclick = () => phone.digit(key); byId("digits").append(button); }
phone.start();
