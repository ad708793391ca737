// Long work in slices of time, between which messages are received.

const MILLISECONDS_PER_SLICE = 40;

// What is done one after another.
class Job {
  constructor() {
    this.last = Promise.resolve();
  }

  // `answer` is called with {answer: what `work` returns} or {error}.
  add(work, answer) {
    this.last = this.last.then(async () => {
      this.isEnding = false;
      try {
        answer({answer: await work()});
      } catch (error) {
        answer({error: error.message});
      }
    });
  }
}

// Tells when a slice is over; or paces what is written.
class Clock {
  constructor() {
    this.began = performance.now();
  }

  // Waits for the next slice, or for the next turn; returns whether it did.
  async waits(perSecond = null) {
    if (perSecond) {
      await new Promise(resolve => setTimeout(resolve, 1000 / perSecond));
      return true;
    }
    if (performance.now() - this.began < MILLISECONDS_PER_SLICE) return false;
    await afterOtherMessages();
    this.began = performance.now();
    return true;
  }
}

// `setTimeout` would wait for at least 4 ms.
function afterOtherMessages() {
  return new Promise(resolve => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => { port1.close(); resolve(); };
    port2.postMessage(null);
  });
}
