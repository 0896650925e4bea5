'use strict';
// What scripts may require: Node's own modules that touch neither files nor processes, and what the operator has
// installed in a folder for them. Auth0 has a list of its own: what is installed here may be missing there.

const fs = require('node:fs');
const { builtinModules, createRequire } = require('node:module');
const path = require('node:path');

const SAFE = [
  'assert', 'buffer', 'crypto', 'dns', 'events', 'net', 'path', 'punycode', 'querystring', 'stream', 'stream/promises',
  'string_decoder', 'timers', 'timers/promises', 'tls', 'url', 'util', 'zlib',
];
// A package, perhaps one version of it, perhaps a file in it: pg, pg@8, @scope/name@1.2.3, lodash@4/fp
const PACKAGE = /^((?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*)(?:@([^/]+))?(\/.+)?$/i;

const BUILTIN = table(builtinModules, () => true);

/** A plain look-up without methods: scripts share the language's prototypes, and may have put something else there. */
function table(names, valueOf) {
  const made = Object.create(null);
  for (const name of names) made[name] = valueOf(name);
  return Object.freeze(made);
}

/** Make the `require` of scripts; `dependencies` are those of an Action by name, which may require no others. */
function sandboxRequire(network, folder, dependencies) {
  // All are loaded here, so that nothing a script calls can load another.
  const given = table([...SAFE, 'http', 'https'], (name) => network[name] || require(`node:${name}`));
  const declared = dependencies && table(Object.keys(dependencies), (name) => dependencies[name]);
  return function require(wanted) {
    const asked = `${wanted}`;
    const name = asked.replace(/^node:/, '');
    if (typeof name === 'string' && given[name]) return given[name];
    if (BUILTIN[name]) throw missing(asked, 'scripts reach no files and no processes');
    const found = PACKAGE.exec(name);
    if (!found || asked.includes('..')) throw missing(asked, 'scripts have no files beside them');
    const [, pack, version, inside = ''] = found;
    if (declared && !(pack in declared)) throw missing(asked, "it is not among the action's dependencies");
    return fromFolder(folder, asked, pack, version || (declared && declared[pack]), inside);
  };
}

function fromFolder(folder, wanted, pack, version, inside) {
  const exact = version && version !== 'latest' ? `${pack}@${version}` : pack;
  if (!folder) {
    const remedy = `run "npm install ${exact}" in a folder and serve the practice tenant with --modules FOLDER`;
    throw missing(wanted, `the practice sandbox has Node's own modules only, not npm's; ${remedy}, or write the script with fetch or https`);
  }
  const there = versionIn(folder, pack);
  if (there === null) throw missing(wanted, `run "npm install ${exact}" in the folder of --modules`);
  if (exact !== pack && there !== version && !there.startsWith(`${version}.`)) {
    throw missing(wanted, `the folder of --modules has ${there}; run "npm install ${exact}" there`);
  }
  return createRequire(path.join(folder, 'script.js'))(pack + inside);
}

/** The version of a package that lies in the folder; null if it does not. */
function versionIn(folder, pack) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'node_modules', pack, 'package.json'), 'utf8')).version;
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  }
}

function missing(wanted, why) {
  return Object.assign(new Error(`Cannot find module '${wanted}': ${why}`), { code: 'MODULE_NOT_FOUND' });
}

module.exports = { sandboxRequire };
