'use strict';
// What scripts may require: Node's own modules that touch neither files nor processes.

const SAFE = [
  'assert', 'buffer', 'crypto', 'dns', 'events', 'net', 'path', 'punycode', 'querystring', 'stream', 'stream/promises',
  'string_decoder', 'timers', 'timers/promises', 'tls', 'url', 'util', 'zlib',
];

const BUILTIN = table(require('node:module').builtinModules, () => true);

/** A plain look-up without methods: scripts share the language's prototypes, and may have put something else there. */
function table(names, valueOf) {
  const made = Object.create(null);
  for (const name of names) made[name] = valueOf(name);
  return Object.freeze(made);
}

function sandboxRequire(network) {
  // All are loaded here, so that nothing a script calls can load another.
  const given = table([...SAFE, 'http', 'https'], (name) => network[name] || require(`node:${name}`));
  return function require(wanted) {
    const asked = `${wanted}`;
    const name = asked.replace(/^node:/, '');
    if (typeof name === 'string' && given[name]) return given[name];
    const why = BUILTIN[name]
      ? 'scripts reach no files and no processes'
      : "the practice sandbox has Node's own modules only, not npm's; write the script with fetch or https";
    const error = new Error(`Cannot find module '${asked}': ${why}`);
    error.code = 'MODULE_NOT_FOUND';
    throw error;
  };
}

module.exports = { sandboxRequire };
