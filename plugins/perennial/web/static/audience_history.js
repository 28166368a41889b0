// States in, the one before or after them out; what is typed into one place in a row is one step.
const TOGETHER_MS = 1_500;
const KEPT = 200;

export class History {
  constructor(state) {
    Object.assign(this, { state, past: [], future: [], place: null, at: 0 });
  }

  // `place` names what is changed; null is never one step with what was before.
  push(state, place = null, now = Date.now()) {
    if (state === this.state) return;
    const together = place !== null && place === this.place && now - this.at < TOGETHER_MS;
    if (!together) this.past = [...this.past, this.state].slice(-KEPT);
    Object.assign(this, { state, future: [], place, at: now });
  }

  undo() {
    if (!this.past.length) return false;
    this.future.push(this.state);
    Object.assign(this, { state: this.past.pop(), place: null });
    return true;
  }

  redo() {
    if (!this.future.length) return false;
    this.past.push(this.state);
    Object.assign(this, { state: this.future.pop(), place: null });
    return true;
  }
}
