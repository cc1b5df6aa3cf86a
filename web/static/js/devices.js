// Which microphone and which loudspeaker: chosen once, remembered by this browser.
import { byId } from "./api.js";
import { drawLevel, playThrough, stopStream, tryRing, watchLevel } from "./sound.js";

const KEY = { audioinput: "minsheng-microphone", audiooutput: "minsheng-speaker" };
const chosen = (kind) => localStorage.getItem(KEY[kind]) ?? "";
const QUALITY = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export async function openMicrophone() {
  const id = chosen("audioinput");
  const open = (more) => navigator.mediaDevices.getUserMedia({ audio: { ...QUALITY, ...more } });
  if (!navigator.mediaDevices) throw new Error("浏览器不允许使用话筒：请用 https 地址打开本页");
  try {
    return await open(id ? { deviceId: { exact: id } } : {});
  } catch (error) {
    // The remembered headset is not plugged in: any other is better than none
    if (id && error.name === "OverconstrainedError") return open({});
    throw new Error(error.name === "NotAllowedError" ? "没有话筒权限：请点地址栏左侧的图标，允许使用话筒" : "没有找到话筒：请插好耳机", { cause: error });
  }
}
export async function useSpeaker(element) {
  const id = chosen("audiooutput");
  await element.setSinkId?.(id).catch(() => {});
  await playThrough(id).catch(() => {});
}

// The dialogue: `current()` gives the open microphone, `changed()` is told after another choice
export class DeviceDialog {
  constructor(current, changed) {
    this.current = current;
    this.changed = changed;
    this.dialog = byId("devices");
    this.dialog.addEventListener("close", () => { this.stop?.(); this.stop = undefined; });
    byId("device-microphone").onchange = (event) => this.#choose("audioinput", event.target.value);
    byId("device-speaker").onchange = (event) => this.#choose("audiooutput", event.target.value);
    byId("device-ring").onclick = () => tryRing();
    byId("device-close").onclick = () => this.dialog.close();
  }
  async open() {
    if (this.dialog.open) return this.dialog.close();
    await this.#draw();
    this.dialog.showModal();
  }
  async #choose(kind, id) {
    localStorage.setItem(KEY[kind], id);
    await this.changed(kind);
    await this.#draw();
  }
  async #draw() {
    const found = await navigator.mediaDevices.enumerateDevices();
    const fill = (select, kind, word) => {
      const named = found.filter((one) => one.kind === kind && one.deviceId !== "default" && one.deviceId !== "communications");
      select.replaceChildren(new Option("系统默认", ""), ...named.map((one, index) => new Option(one.label || `${word} ${index + 1}`, one.deviceId)));
      select.value = chosen(kind);
      if (select.selectedIndex < 0) select.value = "";
    };
    fill(byId("device-microphone"), "audioinput", "话筒");
    fill(byId("device-speaker"), "audiooutput", "扬声器");
    this.stop?.();
    const open = this.current();
    byId("device-problem").textContent = open ? "" : "话筒没有打开";
    // A copy: the call's own track is silent while muted
    const copy = open?.clone();
    for (const track of copy?.getTracks() ?? []) track.enabled = true;
    const stop = copy && watchLevel(copy, drawLevel(byId("device-level")));
    this.stop = stop && (() => { stop(); stopStream(copy); });
  }
}
