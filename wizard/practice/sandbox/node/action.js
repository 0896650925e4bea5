'use strict';
// One deployed Action: its module runs once a container, its handler once a call. What the handler asks of `api` is
// collected and told to the host, which does it.

const HANDLERS = { 'post-login': 'onExecutePostLogin', 'credentials-exchange': 'onExecuteCredentialsExchange' };
const ABSENT = ['authentication', 'samlResponse', 'session', 'refreshToken', 'groups', 'prompt', 'validation'];
const CACHE = { entries: 20, key: 64, value: 4096, whole: 8192, usual: 15 * 60 * 1000, longest: 24 * 60 * 60 * 1000 };

function actionRunner(start, environment) {
  const module = { exports: {} };
  const { require, console, process } = environment;
  const names = ['module', 'exports', 'require', 'console', 'process', 'global'];
  const given = [module, module.exports, require, console, process, {}];
  environment.compile(start.code, names, 'action.js')(...given);
  return (message, answer) => {
    const handler = module.exports[HANDLERS[message.trigger]];
    const told = { commands: [], cache: [] };
    if (typeof handler !== 'function') {
      throw new TypeError(`the action exports no ${HANDLERS[message.trigger]}`);
    }
    const api = apiOf(message.trigger, told, new Map(message.cache));
    Promise.resolve()
      .then(() => handler({ ...message.event, secrets: Object.freeze({ ...start.secrets }) }, api))
      .then(
        () => answer({ results: [], ...told }),
        (error) => answer({ error: environment.errors.told(error), ...told }),
      );
  };
}

function apiOf(trigger, told, entries) {
  const api = {};
  const command = (name, ...given) => {
    told.commands.push([name, ...given]);
    return api;
  };
  api.accessToken = { setCustomClaim: (name, value) => command('accessToken', String(name), value) };
  api.cache = cacheOf(entries, told.cache);
  if (trigger === 'credentials-exchange') {
    api.access = { deny: (code, reason) => command('deny', String(code), String(reason)) };
    return api;
  }
  api.access = { deny: (reason) => command('deny', 'access_denied', String(reason)) };
  api.idToken = { setCustomClaim: (name, value) => command('idToken', String(name), value) };
  api.user = {
    setAppMetadata: (name, value) => command('app_metadata', String(name), value === undefined ? null : value),
    setUserMetadata: (name, value) => command('user_metadata', String(name), value === undefined ? null : value),
  };
  api.multifactor = { enable: (provider) => command('multifactor', String(provider)) };
  api.rules = { wasExecuted: () => false };
  const nowhere = () => {
    throw new Error('api.redirect is not part of the practice tenant: nobody is there to be sent elsewhere');
  };
  api.redirect = { canRedirect: () => false, sendUserTo: nowhere, encodeToken: nowhere, validateToken: nowhere };
  for (const name of ABSENT) {
    Object.defineProperty(api, name, {
      get() {
        throw new Error(`api.${name} is not part of the practice tenant`);
      },
    });
  }
  return api;
}

function cacheOf(entries, changes) {
  const size = (text) => Buffer.byteLength(text);
  const refused = (code) => ({ type: 'error', code });
  const alive = (key) => {
    const record = entries.get(key);
    return record && record.expires_at > Date.now() ? record : undefined;
  };
  return {
    get(key) {
      const record = alive(key);
      return record && { ...record };
    },
    set(key, value, options = {}) {
      const now = Date.now();
      if (typeof key !== 'string' || size(key) > CACHE.key) return refused('CacheKeySizeExceeded');
      if (typeof value !== 'string' || size(value) > CACHE.value) return refused('CacheValueSizeExceeded');
      const wanted = options.expires_at !== undefined ? options.expires_at : now + (options.ttl === undefined ? CACHE.usual : options.ttl);
      if (!(wanted > now) || wanted - now > CACHE.longest) return refused('InvalidExpiry');
      const others = [...entries].filter(([name, record]) => name !== key && record.expires_at > now);
      const whole = others.reduce((sum, [name, record]) => sum + size(name) + size(record.value), size(key) + size(value));
      if (others.length >= CACHE.entries || whole > CACHE.whole) return refused('CacheSizeExceeded');
      const record = { value, expires_at: wanted };
      entries.set(key, record);
      changes.push([key, record]);
      return { type: 'success', record: { ...record } };
    },
    delete(key) {
      if (!alive(key)) return refused('ItemNotFound');
      entries.delete(key);
      changes.push([key, null]);
      return { type: 'success' };
    },
  };
}

module.exports = { actionRunner };
