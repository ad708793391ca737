// The page's side of the engine: asks it, and tells the page what it does.
//
// `model` is an EventTarget. Its events: "ready" {facts}, "failed" {message},
// "started", "wrote" and "progress" (session.js), "writing" and "paused"
// (write.js). `model.ask(kind, data)` sends a message and awaits its answer.

class Model extends EventTarget {
  constructor() {
    super();
    this.waiting = new Map();  // the messages that are not answered, by id
    this.lastId = 0;
    this.connect();
    this.ready = this.ask("load", {text: document.getElementById("model").textContent})
      .then(facts => {
        this.facts = facts;
        this.tell("ready", facts);
        return facts;
      });
    this.ready.catch(error => this.tell("failed", {message: error.message}));
  }

  // The engine runs in a worker, so that the page stays responsive, or in the
  // page, in slices of time, where a browser starts no worker.
  connect() {
    try {
      const source = document.getElementById("engine").textContent;
      const start = "const session = startEngine(m => postMessage(m)); onmessage = e => session.receive(e.data);";
      const url = URL.createObjectURL(new Blob([source, start], {type: "text/javascript"}));
      const worker = new Worker(url);
      worker.onmessage = ({data}) => this.receive(data);
      worker.onerror = () => {
        if (!this.facts && !this.isHere) this.runHere();
      };
      this.send = message => worker.postMessage(message);
    } catch {
      this.runHere();
    }
  }

  runHere() {
    this.isHere = true;
    const session = startEngine(message => this.receive(message));
    this.send = message => setTimeout(() => session.receive(message));
    for (const {message} of this.waiting.values()) this.send(message);
  }

  ask(kind, data = {}) {
    const message = {...data, kind, id: ++this.lastId};
    return new Promise((resolve, reject) => {
      this.waiting.set(message.id, {message, resolve, reject});
      this.send(message);
    });
  }

  receive({id, answer, error, event, detail}) {
    if (event) return this.tell(event, detail);
    const {resolve, reject} = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) resolve(answer);
    else reject(new Error(error));
  }

  tell(event, detail = {}) {
    this.dispatchEvent(new CustomEvent(event, {detail}));
  }
}

// Bytes that are not UTF-8, which strings hold as U+DC80 to U+DCFF.
const shown = text => text.replace(/[\uDC80-\uDCFF]/gu, c => "\\x" + (c.codePointAt(0) & 0xFF).toString(16));

const model = new Model();
