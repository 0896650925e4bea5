'use strict';
// What scripts may require: Node's own modules that touch neither files nor processes.

const SAFE = [
  'assert', 'buffer', 'crypto', 'dns', 'events', 'net', 'path', 'punycode', 'querystring', 'stream', 'stream/promises',
  'string_decoder', 'timers', 'timers/promises', 'tls', 'url', 'util', 'zlib',
];

function sandboxRequire(network) {
  const own = { http: network.http, https: network.https };
  return function require(wanted) {
    const name = String(wanted).replace(/^node:/, '');
    if (own[name]) return own[name];
    if (SAFE.includes(name)) return module.require(`node:${name}`);
    const builtin = module.require('node:module').builtinModules.includes(name);
    const why = builtin
      ? 'scripts reach no files and no processes'
      : "the practice sandbox has Node's own modules only, not npm's; write the script with fetch or https";
    const error = new Error(`Cannot find module '${wanted}': ${why}`);
    error.code = 'MODULE_NOT_FOUND';
    throw error;
  };
}

module.exports = { sandboxRequire };
