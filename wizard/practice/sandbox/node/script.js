'use strict';
// A custom database script: its function is found whatever its name, and called with a callback.

const USUAL = [
  'login', 'getByEmail', 'getUser', 'get_user', 'create', 'verify', 'changePassword', 'change_password', 'remove',
  'deleteUser', 'changeEmail', 'changeUsername', 'changePhoneNumber',
];

/** Find the script's function: the script itself, or a function declared at its top level. */
function functionOf(code, names, given, { compile, isScript }) {
  const filename = 'script.js';
  const module = { exports: {} };
  const parameters = [...names, 'module', 'exports'];
  const values = [...given, module, module.exports];
  const alone = code.trim().replace(/;+\s*$/, '');
  if (isScript(`(${alone}\n)`, filename)) {
    const found = compile(`return (${alone}\n)`, parameters, filename)(...values);
    if (typeof found === 'function') return found;
  }
  // Its own mistakes are told as its own, not as those of the code put around it.
  compile(code, parameters, filename);
  const declared = [...code.matchAll(/^[ \t]*(?:async\s+)?function\s*\*?\s*([A-Za-z_$][\w$]*)/gm)].map((match) => match[1]);
  // A line that begins inside another function may declare one too: it is not to be seen here, and passed over.
  const candidates = [...USUAL.filter((name) => declared.includes(name)), ...declared];
  const first = candidates.reduceRight((rest, name) => `typeof ${name} === 'function' ? ${name} : ${rest}`, 'undefined');
  const found = compile(`${code}\n;return ${first};`, parameters, filename)(...values);
  if (typeof found === 'function') return found;
  if (typeof module.exports === 'function') return module.exports;
  throw new TypeError('the script has no function: it must declare one, as in function login(email, password, callback) { … }');
}

function scriptRunner(start, environment) {
  const configuration = Object.freeze({ ...start.configuration });
  const shared = {
    configuration,
    global: {},
    require: environment.require,
    console: environment.console,
    process: environment.process,
    WrongUsernameOrPasswordError: environment.errors.WrongUsernameOrPasswordError,
    ValidationError: environment.errors.ValidationError,
    UnauthorizedError: environment.errors.UnauthorizedError,
  };
  const called = functionOf(start.code, Object.keys(shared), Object.values(shared), environment);
  return (message, answer) => {
    const callback = (error, ...results) => {
      if (error) answer({ error: environment.errors.told(error) });
      else answer({ results: results.map((result) => (result === undefined ? null : result)) });
    };
    const returned = called(...message.arguments, callback);
    if (returned && typeof returned.then === 'function') {
      returned.then(undefined, (error) => answer({ error: environment.errors.told(error) }));
    }
  };
}

module.exports = { scriptRunner, functionOf };
