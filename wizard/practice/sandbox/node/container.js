'use strict';
// One container: a script (or an Action, or the Rules) compiled once, its globals, and the calls running in it.

const { AsyncLocalStorage } = require('node:async_hooks');
const vm = require('node:vm');
const { parentPort, workerData } = require('node:worker_threads');

const errors = require('./errors.js');
const network = require('./network.js');
const { sandboxRequire } = require('./modules.js');
const { actionRunner } = require('./action.js');
const { rulesRunner } = require('./rules.js');
const { scriptRunner } = require('./script.js');

const LINE = 256;
const LINES = 100;
const current = new AsyncLocalStorage();
const calls = new Map();
const hidden = Object.freeze({ ...process.versions });
const exitNow = process.exit.bind(process);

class Call {
  constructor(id) {
    this.id = id;
    this.answered = false;
    this.console = [];
  }

  /** Answer once; a second answer is only reported. */
  answer(outcome) {
    if (this.answered) {
      parentPort.postMessage({ op: 'late', id: this.id, note: 'the callback was called more than once' });
      return;
    }
    let json;
    try {
      json = JSON.stringify(outcome, plain());
    } catch (unwritable) {
      json = JSON.stringify({ error: errors.told(new TypeError(`the result is not JSON: ${unwritable.message}`)) });
    }
    this.answered = true;
    calls.delete(this.id);
    parentPort.postMessage({ op: 'done', id: this.id, console: this.console, ...JSON.parse(json) });
  }
}

/** A replacer that leaves what JSON leaves out, and refuses what it cannot say. */
function plain() {
  return (key, value) => {
    if (typeof value === 'bigint') throw new TypeError('a BigInt has no JSON');
    return value;
  };
}

function sandboxConsole() {
  const write = (...parts) => {
    const call = current.getStore();
    if (!call || call.answered || call.console.length >= LINES) return;
    call.console.push(require('node:util').format(...parts).slice(0, LINE));
  };
  return Object.freeze({ log: write, info: write, warn: write, error: write, debug: write, trace: write, dir: write });
}

/** Let Date follow the tenant's clock, which may run ahead of the machine's. */
function setClock() {
  const Real = Date;
  let offset = 0;
  const now = () => Math.floor(Real.now() + offset);
  globalThis.Date = new Proxy(Real, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length ? given : [now()], newTarget === globalThis.Date ? target : newTarget),
    apply: () => new Real(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
  return (tenantNow) => {
    offset = tenantNow - Real.now();
  };
}

const setTime = setClock();
network.setHosts(workerData.hosts);
network.setPort((message) => parentPort.postMessage(message));

const environment = {
  compile(code, names, filename) {
    return vm.compileFunction(code, names, { filename });
  },
  isScript(code, filename) {
    try {
      new vm.Script(code, { filename });
      return true;
    } catch {
      return false;
    }
  },
  require: sandboxRequire(network, workerData.modules, workerData.dependencies),
  console: sandboxConsole(),
  errors,
  process: Object.freeze({ env: Object.freeze({}), version: process.version, versions: hidden, nextTick: process.nextTick }),
};

process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
// Modules that are installed cannot do without the process, whose environment is empty here.
if (workerData.modules) network.forModules();
else globalThis.process = undefined;
globalThis.fetch = workerData.fetch ? network.fetch : undefined;

function crash(reason) {
  const error = errors.told(reason);
  parentPort.postMessage({ op: 'dying', why: `${error.name}: ${error.message}` });
  exitNow(1);
}

const runners = { script: scriptRunner, action: actionRunner, rules: rulesRunner };
let runner;

parentPort.on('message', (message) => {
  if (message.op === 'answer') {
    network.answered(message);
    return;
  }
  if (Atomics.compareExchange(message.claim, 0, 0, 1) !== 0) return; // it was given to another container
  setTime(message.now);
  const call = new Call(message.id);
  calls.set(call.id, call);
  current.run(call, () => {
    try {
      runner = runner || runners[workerData.kind](workerData, environment);
      runner(message, (outcome) => call.answer(outcome));
    } catch (error) {
      if (!call.answered) call.answer({ error: errors.told(error) });
    }
  });
});
