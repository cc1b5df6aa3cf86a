// A telephone in the page: JsSIP with one account and at most one call.
import JsSIP from "jssip";

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
    this.agent.on("registrationFailed", () => this.#tell("unregistered"));
    this.agent.on("disconnected", () => this.#tell("unregistered"));
    this.agent.on("newRTCSession", ({ originator, session, request }) => this.#take(originator, session, request));
    document.addEventListener("visibilitychange", () => {
      // A hidden tab is throttled and its registration may have died unseen
      if (!document.hidden && this.agent.isConnected() && !this.agent.isRegistered()) this.agent.register();
    });
  }
  start() { this.agent.start(); }
  stop() { this.agent.stop(); }
  get inCall() { return Boolean(this.session?.isEstablished()); }
  call(target) { this.agent.call(target, this.#options()); }
  answer() { this.session?.answer(this.#options()); }
  hangUp() { this.session?.terminate(); }
  digit(key) { this.session?.sendDTMF(key, { transportType: "RFC2833", duration: 120, interToneGap: 100 }); }
  get muted() { return Boolean(this.session?.isMuted().audio); }
  get held() { return Boolean(this.session?.isOnHold().local); }
  toggleMute() { if (this.inCall) this.muted ? this.session.unmute({ audio: true }) : this.session.mute({ audio: true }); this.#tell("changed"); }
  toggleHold() { if (this.inCall) this.held ? this.session.unhold() : this.session.hold(); }
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
    const hear = (connection) => connection.addEventListener("track", (event) => { this.audio.srcObject = event.streams[0] ?? new MediaStream([event.track]); });
    if (session.connection) hear(session.connection); else session.on("peerconnection", ({ peerconnection }) => hear(peerconnection));
    for (const name of ["progress", "accepted", "confirmed", "hold", "unhold", "muted", "unmuted"]) session.on(name, () => this.#tell(name === "confirmed" ? "talking" : "changed"));
    const over = () => { if (this.session !== session) return; this.session = null; this.audio.srcObject = null; this.#tell("over"); };
    session.on("ended", over);
    session.on("failed", (event) => { this.failure = event.cause; over(); });
    if (originator === "remote") {
      const detail = { callId: request.getHeader("X-Minsheng-Call"), number: session.remote_identity.uri.user, resume: request.getHeader("X-Minsheng-Resume") === "1" };
      this.#tell("incoming", detail);
      if (detail.resume) setTimeout(() => this.answer(), 0); // JsSIP has not finished taking the call in yet
    } else this.#tell("calling");
  }
  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
