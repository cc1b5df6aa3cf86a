// A citizen's telephone in a tab: calls the hotline and nothing else. Says ready sentences for who has no microphone.
import { byId, clock, get, make } from "./api.js";
import { openMicrophone } from "./devices.js";
import { open } from "./page.js";
import { Softphone, whyFailed } from "./softphone.js";
import { audio, drawLevel, stopStream, watchLevel } from "./sound.js";

const SAYINGS = [
  { file: "pipe", words: "水管爆了（求助，紧急）" },
  { file: "bus", words: "公交改线了吗（咨询）" },
  { file: "noise", words: "工地半夜施工（投诉，要保密）" },
];
const STAND_IN = { file: "korean", words: "韩语一句（替代模型能听懂）" };
const state = { phone: null, account: null, mixer: null, began: 0, clock: null, stopLevel: null, saying: null };
const tellUser = (words) => { byId("status").textContent = words; };

// Everything said goes through one mixer, whose track the call carries: the microphone, if there is one, and sayings
async function openMixer() {
  const here = audio();
  const out = here.createMediaStreamDestination();
  const microphone = await openMicrophone().catch(() => null);
  const voice = here.createGain();
  if (microphone) here.createMediaStreamSource(microphone).connect(voice).connect(out);
  return { out, voice, microphone };
}
async function sayReady(saying, button) {
  stopSaying();
  const bytes = await fetch(`/static/sayings/${saying.file}.flac`).then((answer) => answer.arrayBuffer());
  const here = audio();
  const source = here.createBufferSource();
  source.buffer = await here.decodeAudioData(bytes);
  source.connect(state.mixer.out);
  state.mixer.voice.gain.value = 0;
  button.setAttribute("aria-pressed", "true");
  state.saying = { source, button };
  source.onended = () => { if (state.saying?.source === source) stopSaying(); };
  await state.phone.replaceSound(state.mixer.out.stream.getAudioTracks()[0]);
  source.start();
}
function stopSaying() {
  if (!state.saying) return;
  const { source, button } = state.saying;
  state.saying = null;
  source.onended = null;
  source.stop();
  source.disconnect();
  state.mixer.voice.gain.value = 1;
  button.setAttribute("aria-pressed", "false");
}
function draw() {
  const { phone } = state;
  byId("call").disabled = Boolean(phone.session) || !phone.agent.isRegistered();
  byId("hangup").disabled = !phone.session;
  for (const button of document.querySelectorAll("#digits button, #sayings button")) button.disabled = !phone.inCall;
}
function begin() {
  if (!state.phone.inCall) return draw();
  if (!state.clock) {
    state.began = Date.now();
    const tick = () => tellUser(`通话中 ${clock((Date.now() - state.began) / 1000)}`);
    tick();
    state.clock = setInterval(tick, 500);
  }
  const stream = byId("remote").srcObject;
  if (stream && !state.stopLevel) state.stopLevel = watchLevel(stream, drawLevel(byId("level")));
  draw();
}
function over() {
  clearInterval(state.clock);
  stopSaying();
  state.stopLevel?.();
  stopStream(state.mixer?.microphone);
  const why = state.phone.failure ? whyFailed(state.phone.failure) : "";
  tellUser(state.clock || !why ? "通话结束" : `没有接通：${why}`);
  Object.assign(state, { clock: null, stopLevel: null, mixer: null });
  state.phone.stream = null;
  draw();
}
async function dial() {
  byId("call").disabled = true;
  tellUser("正在呼叫…");
  state.mixer = await openMixer();
  state.phone.stream = state.mixer.out.stream;
  state.phone.call(state.account.target);
}
function listenTo(phone) {
  phone.addEventListener("registered", () => { if (!phone.session) tellUser("可以拨打"); draw(); });
  phone.addEventListener("unregistered", () => { if (!phone.session) tellUser("话机未连接，正在重试…"); draw(); });
  phone.addEventListener("calling", () => { tellUser("正在呼叫…"); draw(); });
  phone.addEventListener("talking", begin);
  phone.addEventListener("changed", begin);
  phone.addEventListener("over", over);
}
function build() {
  byId("call").onclick = dial;
  byId("hangup").onclick = () => state.phone.hangUp();
  for (const key of "123456789*0#") {
    const button = make("button", key, { class: "btn", type: "button", "aria-label": `按键 ${key}` });
    button.onclick = () => state.phone.digit(key);
    byId("digits").append(button);
  }
  const place = byId("sayings");
  for (const saying of place.dataset.standIn === "1" ? [...SAYINGS, STAND_IN] : SAYINGS) {
    const button = make("button", saying.words, { class: "btn", type: "button", "data-testid": `saying-${saying.file}`, "aria-pressed": "false" });
    button.onclick = () => (state.saying?.button === button ? stopSaying() : sayReady(saying, button).catch(() => tellUser("这句话放不出来")));
    place.append(button);
  }
  addEventListener("keydown", (event) => {
    if (/^[0-9*#]$/.test(event.key) && state.phone?.inCall) state.phone.digit(event.key);
  });
  addEventListener("pagehide", () => { state.phone?.stop(); stopStream(state.mixer?.microphone); });
}
build();
await open(async () => {
  state.account = await get("/api/demo/sip");
  state.phone = new Softphone(state.account, byId("remote"));
  listenTo(state.phone);
  state.phone.start();
  draw();
});
