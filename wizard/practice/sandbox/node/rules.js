'use strict';
// The Rules of a tenant, one after another in one container; user and context go from each to the next.

const { functionOf } = require('./script.js');

function rulesRunner(start, environment) {
  const shared = {
    configuration: Object.freeze({ ...start.configuration }),
    global: {},
    require: environment.require,
    console: environment.console,
    process: environment.process,
    UnauthorizedError: environment.errors.UnauthorizedError,
  };
  return (message, answer) => {
    const metadata = [];
    const write = (kind) => (userId, wanted) => {
      metadata.push([kind, String(userId), JSON.parse(JSON.stringify(wanted))]);
      return Promise.resolve();
    };
    const auth0 = {
      domain: start.domain,
      users: { updateAppMetadata: write('app_metadata'), updateUserMetadata: write('user_metadata') },
    };
    const fail = (error) => answer({ error: environment.errors.told(error), metadata });
    const run = (index, user, context) => {
      if (index === start.rules.length) {
        answer({ results: [], user, context, metadata });
        return;
      }
      let called = false;
      const callback = (error, nextUser, nextContext) => {
        if (called) return;
        called = true;
        if (error) fail(error);
        else run(index + 1, nextUser || user, nextContext || context);
      };
      try {
        const names = [...Object.keys(shared), 'auth0'];
        const rule = functionOf(start.rules[index], names, [...Object.values(shared), auth0], environment);
        const returned = rule(user, context, callback);
        if (returned && typeof returned.then === 'function') returned.then(undefined, callback);
      } catch (error) {
        callback(error);
      }
    };
    run(0, message.user, message.context);
  };
}

module.exports = { rulesRunner };
