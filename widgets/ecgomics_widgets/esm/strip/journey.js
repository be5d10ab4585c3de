// Going through a recording: playing it, and the little form that jumps to a time.

import { Player, secondsOf } from "./play.js";

export class Journey {
  constructor(strip) {
    this.strip = strip;
    this.player = new Player((seconds) => this.advance(seconds), () => this.played());
    const { jump } = strip.face;
    jump.addEventListener("submit", (event) => { event.preventDefault(); this.jump(); });
    jump.addEventListener("keydown", (event) => { if (event.key === "Escape") this.leave(); });
  }

  advance(seconds) {
    const { strip } = this;
    if (!strip.page) return false;
    if (strip.page.last <= 0) {
      const to = (strip.cursor() ?? 0) + seconds;
      strip.model.set("cursor_s", Math.min(strip.signal.duration, to));
      strip.draw();
      return to < strip.signal.duration;
    }
    strip.view.t0 = Math.min(strip.page.last, strip.page.t0 + seconds);
    strip.view.settle();
    return strip.view.t0 < strip.page.last;
  }

  played() {
    const { strip, player } = this;
    strip.setting.playing = player.playing;
    strip.setting.rate = player.rate;
    if (!player.playing) strip.model.save_changes();
    strip.draw();
  }

  nextRate() {
    this.player.faster(this.player.rate === 16 ? -9 : 1);
  }

  ask() {
    const { jump } = this.strip.face;
    jump.hidden = false;
    const input = jump.querySelector("input");
    input.value = "";
    input.setCustomValidity("");
    input.focus();
  }

  leave() {
    this.strip.face.jump.hidden = true;
    this.strip.face.root.focus({ preventScroll: true });
  }

  jump() {
    const { strip } = this;
    const input = strip.face.jump.querySelector("input");
    const time = secondsOf(input.value, strip.setting.start);
    if (time === null || time > strip.signal.duration) {
      strip.say("not a time of this recording");
      input.setCustomValidity(strip.setting.start === null ? `A time from 0 to ${Math.floor(strip.signal.duration)} s, such as 75 or 1:15` : "A time of the clock within this recording, or seconds from its start");
      input.reportValidity();
      input.setCustomValidity("");
      return;
    }
    this.leave();
    strip.putCursor(time);
    strip.view.goTo(time - strip.page.shown / 3);
  }
}
