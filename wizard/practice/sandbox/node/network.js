'use strict';
// The network as scripts see it: the hosts that live in the host process are reached through it, all others really.

const http = require('node:http');
const https = require('node:https');
const { syncBuiltinESMExports } = require('node:module');
const { PassThrough, Writable } = require('node:stream');

const realFetch = globalThis.fetch;
const EMPTY = new Set([101, 204, 205, 304]);
const waiting = new Map();
let hosts = new Set();
let post = () => {};
let count = 0;

function setHosts(names) {
  hosts = new Set(names);
}

function setPort(send) {
  post = send;
}

function isInside(url) {
  return hosts.has(url.host) || hosts.has(url.hostname);
}

/** Ask the host process for an exchange; `forget` on the promise tells it that nobody waits any more. */
function exchange(request) {
  const number = ++count;
  const promise = new Promise((resolve, reject) => waiting.set(number, { resolve, reject }));
  promise.forget = () => {
    if (waiting.delete(number)) post({ op: 'forget', exchange: number });
  };
  post({ op: 'fetch', exchange: number, ...request });
  return promise;
}

function answered(message) {
  const found = waiting.get(message.exchange);
  if (!found) return;
  waiting.delete(message.exchange);
  if (message.failure) {
    found.reject(Object.assign(new Error(message.failure), { code: message.code || 'ECONNRESET' }));
  } else {
    found.resolve({ ...message, body: Buffer.from(message.body, 'base64') });
  }
}

async function fetch(input, init) {
  const request = new Request(input, init);
  const url = new URL(request.url);
  if (!isInside(url)) return realFetch(request);
  request.signal.throwIfAborted();
  const body = Buffer.from(await request.arrayBuffer()).toString('base64');
  const asked = exchange({ method: request.method, url: url.href, headers: [...request.headers], body });
  const given = await abortable(asked, request.signal);
  const answer = new Response(EMPTY.has(given.status) ? null : given.body, { status: given.status, headers: given.headers });
  Object.defineProperty(answer, 'url', { value: url.href });
  return answer;
}

function abortable(asked, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      asked.forget();
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    asked
      .then(resolve, (cause) => reject(new TypeError('fetch failed', { cause })))
      .finally(() => signal.removeEventListener('abort', stop));
  });
}

/** What http.request returns, for a host that lives in the host process. */
class InsideRequest extends Writable {
  constructor(url, options, listener) {
    super({ autoDestroy: false, emitClose: false });
    this.method = (options.method || 'GET').toUpperCase();
    this.path = url.pathname + url.search;
    this.host = url.hostname;
    this.protocol = url.protocol;
    this.url = url;
    this.parts = [];
    this.named = new Map();
    for (const [name, value] of Object.entries(options.headers || {})) this.setHeader(name, value);
    if (options.auth) this.setHeader('authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`);
    if (listener) this.once('response', listener);
    if (options.timeout) this.setTimeout(options.timeout);
    if (options.signal) options.signal.addEventListener('abort', () => this.destroy(options.signal.reason), { once: true });
  }

  setHeader(name, value) {
    this.named.set(name.toLowerCase(), [name, value]);
    return this;
  }

  getHeader(name) {
    const found = this.named.get(name.toLowerCase());
    return found && found[1];
  }

  removeHeader(name) {
    this.named.delete(name.toLowerCase());
  }

  setTimeout(milliseconds, listener) {
    if (listener) this.once('timeout', listener);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.emit('timeout'), milliseconds);
    return this;
  }

  setNoDelay() {
    return this;
  }

  setSocketKeepAlive() {
    return this;
  }

  flushHeaders() {}

  abort() {
    this.aborted = true;
    this.destroy();
  }

  _write(chunk, encoding, done) {
    this.parts.push(Buffer.from(chunk, encoding));
    done();
  }

  _final(done) {
    const headers = [];
    for (const [name, value] of this.named.values()) {
      for (const each of [].concat(value)) headers.push([name, String(each)]);
    }
    const body = Buffer.concat(this.parts).toString('base64');
    this.asked = exchange({ method: this.method, url: this.url.href, headers, body });
    this.asked.then(
      (given) => this.respond(given),
      (error) => this.destroy(error),
    );
    done();
  }

  respond(given) {
    clearTimeout(this.timer);
    if (this.destroyed) return;
    const answer = new PassThrough();
    answer.statusCode = given.status;
    answer.statusMessage = http.STATUS_CODES[given.status] || '';
    answer.httpVersion = '1.1';
    answer.rawHeaders = given.headers.flat();
    answer.headers = {};
    for (const [name, value] of given.headers) {
      const key = name.toLowerCase();
      answer.headers[key] = key in answer.headers ? `${answer.headers[key]}, ${value}` : value;
    }
    answer.complete = true;
    this.res = answer;
    if (!this.emit('response', answer)) answer.resume();
    answer.end(given.body);
    this.emit('close');
  }

  _destroy(error, done) {
    clearTimeout(this.timer);
    if (this.asked) this.asked.forget();
    if (!error && !this.res) error = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    done(error);
  }
}

function urlOf(given, usual) {
  if (typeof given === 'string' || given instanceof URL) return new URL(given);
  const protocol = given.protocol || usual;
  const host = given.hostname || given.host || 'localhost';
  const port = given.port && !String(host).includes(':') ? `:${given.port}` : '';
  return new URL(`${protocol}//${host}${port}${given.path || '/'}`);
}

function shim(real, usual) {
  const reallyAsk = real.request;
  function request(given, options, listener) {
    if (typeof options === 'function') [options, listener] = [undefined, options];
    const url = urlOf(given, usual);
    const settings = { ...(typeof given === 'object' && !(given instanceof URL) ? given : {}), ...(options || {}) };
    if (!isInside(url)) {
      return typeof given === 'string' || given instanceof URL
        ? reallyAsk(given, settings, listener)
        : reallyAsk(settings, listener);
    }
    return new InsideRequest(url, settings, listener);
  }
  function get(...given) {
    const asked = request(...given);
    asked.end();
    return asked;
  }
  return Object.freeze({ ...real, request, get });
}

const shims = { http: shim(http, 'http:'), https: shim(https, 'https:') };

/** Let modules that are installed reach the same hosts: they ask by Node's own modules, which each container has apart. */
function forModules() {
  for (const [real, { request, get }] of [[http, shims.http], [https, shims.https]]) Object.assign(real, { request, get });
  syncBuiltinESMExports();
}

module.exports = { setHosts, setPort, answered, fetch, forModules, ...shims };
