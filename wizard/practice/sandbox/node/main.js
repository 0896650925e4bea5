'use strict';
// The sandbox process: reads one JSON message a line, and gives each call to the container it names.
//
// A container is a worker thread of its own, so that a script which never yields stops nobody but itself, and this
// thread always reads. In:
//   {op: "call", id, container, start, ...}    run something in a container, which `start` describes if it is new
//   {op: "abandon", id}                         nobody waits for this call any more: its container takes no new one
//   {op: "stop", container}                     end a container as soon as nothing runs in it
//   {op: "answer", instance, exchange, ...}     what the host fetched for a container
// Out:
//   {op: "done", id, ...}, {op: "late", id, note}, {op: "fetch", container, instance, exchange, ...}, {op: "forget", ...}
// A call that a container has not begun, as a script in it never yields, is taken back and given to a new one.
// A container that ended and one made later of the same code share their name, never their instance number.

const path = require('node:path');
const readline = require('node:readline');
const { Worker } = require('node:worker_threads');

const MEGABYTES = 256;
// How long a container that has other calls may take to begin one.
const MILLISECONDS_TO_BEGIN = 500;
const containers = new Map();
const running = new Map();
let instances = 0;

function send(message) {
  process.stdout.write(JSON.stringify(message) + '\n');
}

class Container {
  constructor(name, start) {
    this.name = name;
    this.instance = ++instances;
    this.calls = new Set();
    this.retired = false;
    this.worker = new Worker(path.join(__dirname, 'container.js'), {
      workerData: start,
      env: {},
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: MEGABYTES },
    });
    // What a script writes to the streams themselves goes nowhere; console is kept by the container.
    this.worker.stdout.resume();
    this.worker.stderr.resume();
    this.worker.on('message', (message) => this.heard(message));
    this.worker.on('error', (error) => this.die(String(error && error.message ? error.message : error)));
    this.worker.on('exit', () => this.die('the container ended'));
  }

  call(message) {
    const claim = new Int32Array(new SharedArrayBuffer(4));
    const alone = this.calls.size === 0;
    this.calls.add(message.id);
    this.worker.postMessage({ ...message, claim });
    if (!alone) setTimeout(() => this.takeBack(message, claim), MILLISECONDS_TO_BEGIN);
  }

  /** Whoever claims a call first has it: the worker that begins it, or another container. */
  takeBack(message, claim) {
    if (!this.calls.has(message.id) || Atomics.compareExchange(claim, 0, 0, 1) !== 0) return;
    this.calls.delete(message.id);
    this.retire();
    containerFor(message).call(message);
  }

  heard(message) {
    if (message.op === 'dying') {
      this.die(message.why);
      return;
    }
    if (message.op === 'done' && !this.calls.delete(message.id)) return;
    send({ ...message, container: this.name, instance: this.instance });
    this.endIfIdle();
  }

  abandon(id) {
    if (!this.calls.delete(id)) return;
    this.retire();
  }

  retire() {
    this.retired = true;
    if (containers.get(this.name) === this) containers.delete(this.name);
    this.endIfIdle();
  }

  endIfIdle() {
    if (this.retired && this.calls.size === 0) this.worker.terminate();
  }

  die(why) {
    const broken = [...this.calls];
    this.calls.clear();
    this.retire();
    for (const id of broken) send({ op: 'done', id, container: this.name, crashed: why });
  }
}

function containerFor(message) {
  let found = containers.get(message.container);
  if (!found) {
    found = new Container(message.container, message.start);
    containers.set(message.container, found);
    running.set(found.instance, found);
    found.worker.on('exit', () => running.delete(found.instance));
  }
  return found;
}

const operations = {
  call(message) {
    containerFor(message).call(message);
  },
  abandon({ id }) {
    for (const container of running.values()) container.abandon(id);
  },
  stop({ container }) {
    const found = containers.get(container);
    if (found) found.retire();
  },
  answer(message) {
    const found = running.get(message.instance);
    if (found) found.worker.postMessage(message);
  },
};

readline
  .createInterface({ input: process.stdin, crlfDelay: Infinity })
  .on('line', (line) => {
    const message = JSON.parse(line);
    operations[message.op](message);
  })
  .on('close', () => process.exit(0));
