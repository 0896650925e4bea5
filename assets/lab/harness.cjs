// Runs one script, Action or Rule with the globals that Auth0 gives it, and tells what it did.
// Reads one JSON object on stdin, writes one JSON object on stdout:
//   kind        "script", "action" or "rule"
//   code        its text
//   arguments   of a script or Rule, without the callback
//   configuration, global     of a script or Rule; `global` comes back as it was left
//   event, cache              of an Action; `cache` comes back as it was left
//   without     globals that this Node lacks, such as ["fetch"]
//   modules     texts of modules that `require` finds before Node's own
//   limit_ms    when Auth0 would end it
//   linger_ms   how long to wait for a second callback after the first
'use strict';
const vm = require('node:vm');

const ALLOWED = new Set(['http', 'https', 'url', 'crypto', 'querystring', 'buffer', 'util', 'stream', 'zlib']);

function errorClass(name) {
  return class extends Error {
    constructor(...given) {
      super(given[given.length - 1]);
      this.name = name;
      if (name !== 'UnauthorizedError') this.first = given[0] === undefined ? null : given[0];
    }
  };
}

function told(error) {
  if (error === null || error === undefined) return null;
  return { name: error.name || typeof error, message: String(error.message), first: error.first };
}

function globalsOf(job, log) {
  const modules = {};
  const context = {
    configuration: Object.freeze({ ...(job.configuration || {}) }),
    global: job.global || {},
    console: { log: (...words) => log.push(words.map(String).join(' ')) },
    WrongUsernameOrPasswordError: errorClass('WrongUsernameOrPasswordError'),
    UnauthorizedError: errorClass('UnauthorizedError'),
    ValidationError: errorClass('ValidationError'),
    require: (name) => {
      const plain = name.replace(/@[^/]*$/, '');
      if (plain in modules) return modules[plain];
      if (job.modules && plain in job.modules) {
        const made = { exports: {} };
        vm.runInContext('(function (module, exports, require) {' + job.modules[plain] + '\n})', context)(made, made.exports, context.require);
        modules[plain] = made.exports;
        return made.exports;
      }
      if (!ALLOWED.has(plain)) throw new Error("Cannot find module '" + name + "'");
      return require(plain);
    },
    Buffer, setTimeout, clearTimeout, setImmediate, setInterval, clearInterval, fetch, AbortController, URL, URLSearchParams, TextEncoder, TextDecoder,
  };
  for (const name of job.without || []) delete context[name];
  return vm.createContext(context);
}

function callbackOf(calls, done) {
  return (...given) => {
    calls.push({ error: told(given[0]), values: given.slice(1), count: given.length });
    done();
  };
}

function runFunction(job, context, result) {
  const writes = result.metadata;
  context.auth0 = {
    users: {
      updateAppMetadata: async (id, keys) => { Object.assign(writes.app, keys); writes.calls += 1; },
      updateUserMetadata: async (id, keys) => { Object.assign(writes.user, keys); writes.calls += 1; },
    },
  };
  return new Promise((resolve) => {
    const run = vm.runInContext('(' + job.code + '\n)', context, { filename: job.kind + '.js' });
    const callback = callbackOf(result.calls, () => setTimeout(resolve, job.linger_ms || 50));
    try {
      run(...(job.arguments || []), callback);
    } catch (error) {
      result.thrown = told(error);
      resolve();
    }
  });
}

async function runAction(job, context, result) {
  const cache = job.cache || {};
  result.cache = cache;
  context.module = { exports: {} };
  context.exports = context.module.exports;
  vm.runInContext(job.code, context, { filename: 'action.js' });
  const api = {
    access: { deny: (reason) => { result.denied = reason; } },
    cache: {
      get: (key) => (key in cache && cache[key].expires_at > Date.now() ? cache[key] : undefined),
      set: (key, value, options) => {
        if (Buffer.byteLength(key) > 64 || Buffer.byteLength(value) > 4096) return { type: 'error', code: 'CacheSizeExceeded' };
        cache[key] = { value, expires_at: Date.now() + ((options && options.ttl) || 900000) };
        return { type: 'success' };
      },
      delete: (key) => { delete cache[key]; return { type: 'success' }; },
    },
    user: {
      setAppMetadata: (key, value) => { result.metadata.app[key] = value; },
      setUserMetadata: (key, value) => { result.metadata.user[key] = value; },
    },
  };
  try {
    await context.module.exports.onExecutePostLogin(job.event, api);
  } catch (error) {
    result.thrown = told(error);
  }
}

async function main() {
  const parts = [];
  for await (const part of process.stdin) parts.push(part);
  const job = JSON.parse(Buffer.concat(parts).toString('utf8'));
  const log = [];
  const result = { calls: [], metadata: { app: {}, user: {}, calls: 0 }, denied: null, thrown: null, timed_out: false, log };
  const context = globalsOf(job, log);
  process.on('unhandledRejection', (error) => { result.thrown = told(error); });
  const began = process.hrtime.bigint();
  const limit = new Promise((resolve) => setTimeout(() => { result.timed_out = true; resolve(); }, job.limit_ms || 20000));
  const work = job.kind === 'action' ? runAction(job, context, result) : runFunction(job, context, result);
  await Promise.race([work, limit]);
  result.milliseconds = Number(process.hrtime.bigint() - began) / 1e6;
  if (result.calls.length > 0 && !result.timed_out) result.milliseconds -= job.linger_ms || 50;
  result.global = job.kind === 'action' ? {} : context.global;
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}

main();
