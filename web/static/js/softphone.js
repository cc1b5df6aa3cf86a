// A telephone in the page: JsSIP with one account and at most one call.
import JsSIP from "jssip";

const RETRY_MS = 2000;
const PATIENCE_MS = 8000;

export class Softphone extends EventTarget {
  constructor(account, audio, stream = null) {
    super();
    this.stream = stream; // the microphone, opened before it is needed: answering then waits for nothing
    this.audio = audio;
    this.session = null;
    const socket = new JsSIP.WebSocketInterface(account.ws_url);
    this.agent = new JsSIP.UA({
      sockets: [socket], uri: account.uri, authorization_user: account.username, password: account.password,
      register_expires: 60, connection_recovery_min_interval: 1, connection_recovery_max_interval: 5, session_timers: false,
    });
    this.agent.on("registered", () => this.#tell("registered"));
    this.agent.on("unregistered", () => this.#tell("unregistered"));
    this.agent.on("registrationFailed", () => { this.#tell("unregistered"); setTimeout(() => this.#register(), RETRY_MS); });
    // A REGISTER that a starting Asterisk swallowed would be waited for half a minute
    this.agent.on("connected", () => { clearTimeout(this.patience); this.patience = setTimeout(() => this.#beginAgain(), PATIENCE_MS); });
    this.agent.on("disconnected", () => { this.broken = Boolean(this.session); this.#tell("unregistered"); });
    this.agent.on("newRTCSession", ({ originator, session, request }) => this.#take(originator, session, request));
    document.addEventListener("visibilitychange", () => {
      // A hidden tab is throttled and its registration may have died unseen
      if (!document.hidden && this.agent.isConnected() && !this.agent.isRegistered()) this.agent.register();
    });
  }
  #register() { if (this.agent.isConnected() && !this.agent.isRegistered()) this.agent.register(); }
  #beginAgain() {
    if (this.stopped || this.agent.isRegistered() || (this.session && !this.broken)) return;
    this.session?.terminate();
    this.agent.stop();
    this.agent.start();
  }
  start() { this.agent.start(); }
  stop() { this.stopped = true; clearTimeout(this.patience); this.agent.stop(); }
  get inCall() { return Boolean(this.session?.isEstablished()); }
  call(target) { this.agent.call(target, this.#options()); }
  answer() { this.session?.answer(this.#options()); }
  hangUp() { this.session?.terminate(); }
  // A call that was hung up already and was brought back all the same: nobody is to hear it
  endAtOnce() {
    const { session, audio } = this;
    const end = () => { audio.muted = false; };
    audio.muted = true;
    session.on("confirmed", () => session.terminate());
    for (const name of ["ended", "failed"]) session.on(name, end);
  }
  digit(key) { this.session?.sendDTMF(key, { transportType: "RFC2833", duration: 120, interToneGap: 100 }); }
  get muted() { return Boolean(this.session?.isMuted().audio); }
  get held() { return Boolean(this.session?.isOnHold().local); }
  toggleMute() { if (this.inCall) this.muted ? this.session.unmute({ audio: true }) : this.session.mute({ audio: true }); this.#tell("changed"); }
  setHold(wanted) { if (this.inCall && wanted !== this.held) wanted ? this.session.hold() : this.session.unhold(); }
  get connection() { return this.session?.connection ?? null; }
  // Another microphone, in a running call too; a mute stays a mute
  async useMicrophone(stream) {
    this.stream = stream;
    for (const track of stream?.getAudioTracks() ?? []) {
      track.enabled = !this.muted;
      await this.replaceSound(track);
    }
  }
  replaceSound(track) { return this.session?.connection?.getSenders().find((one) => one.track?.kind === "audio")?.replaceTrack(track); }
  #options() {
    // Mute and hold switch the shared track off and JsSIP leaves it so at the end: never begin a call deaf
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = true;
    return { mediaStream: this.stream?.active ? this.stream : undefined, mediaConstraints: { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true }, video: false }, pcConfig: { iceServers: [] } };
  }
  #take(originator, session, request) {
    if (this.session) {
      // After a broken websocket JsSIP keeps the dead call until ICE fails; the caller who is brought back comes first
      if (originator !== "remote" || request.getHeader("X-Minsheng-Resume") !== "1") { if (originator === "remote") session.terminate({ status_code: 486 }); return; }
      const dead = this.session;
      this.session = null;
      try { dead.terminate(); } catch { /* over already */ }
    }
    this.session = session;
    this.callId = originator === "remote" ? request.getHeader("X-Minsheng-Call") : null;
    this.broken = false; // whether the websocket went away under this call
    this.failure = null;
    const hear = (connection) => connection.addEventListener("track", (event) => { this.audio.srcObject = event.streams[0] ?? new MediaStream([event.track]); });
    if (session.connection) hear(session.connection); else session.on("peerconnection", ({ peerconnection }) => hear(peerconnection));
    for (const name of ["progress", "accepted", "confirmed", "hold", "unhold", "muted", "unmuted"]) session.on(name, () => this.#tell(name === "confirmed" ? "talking" : "changed"));
    const over = () => { if (this.session !== session) return; this.session = null; this.audio.srcObject = null; this.#tell("over"); };
    session.on("ended", over);
    session.on("failed", (event) => { this.failure = event; over(); });
    if (originator === "remote") {
      const detail = { callId: this.callId, number: session.remote_identity.uri.user, resume: request.getHeader("X-Minsheng-Resume") === "1", listen: request.getHeader("X-Minsheng-Listen") === "1", own: request.getHeader("X-Minsheng-Outbound") === "1" };
      this.#tell("incoming", detail);
      if (detail.resume || detail.listen || detail.own) setTimeout(() => this.answer(), 0); // JsSIP has not finished taking the call in yet
    } else this.#tell("calling");
  }
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

// Why a call did not come about, in the words of the person who placed it
const BY_STATUS = {
  403: "号码不允许呼叫", 404: "号码不存在", 408: "无人应答", 480: "暂时无法接通", 486: "对方正忙", 487: "已取消",
  488: "双方语音格式不一致", 500: "交换机内部错误", 503: "线路暂时不可用", 600: "对方正忙", 603: "对方拒接",
};
const BY_CAUSE = {
  "Connection Error": "与交换机的连接中断", "Request Timeout": "交换机没有答复", "Canceled": "已取消", "No Answer": "无人应答",
  "User Denied Media Access": "没有话筒权限，或没有话筒", "WebRTC Error": "浏览器语音功能出错", "RTP Timeout": "语音中断", "Busy": "对方正忙",
};
export function whyFailed(event) {
  if (!event) return "";
  const status = event.message?.status_code;
  return BY_STATUS[status] ?? BY_CAUSE[event.cause] ?? `没有接通（${status ?? event.cause}）`;
}
