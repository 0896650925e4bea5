'use strict';
// The error classes that Auth0 gives to scripts, and how an error is told to the host.

class WrongUsernameOrPasswordError extends Error {
  constructor(userNameOrEmail, message) {
    super(message);
    this.name = 'WrongUsernameOrPasswordError';
    this.code = 'invalid_user_password';
    this.subject = userNameOrEmail;
  }
}

class ValidationError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'ValidationError';
    this.code = code;
  }
}

class UnauthorizedError extends Error {
  constructor(message) {
    super(message);
    this.name = 'UnauthorizedError';
    this.code = 'unauthorized';
  }
}

const KNOWN = { WrongUsernameOrPasswordError, ValidationError, UnauthorizedError };

/** Say what a script threw, or gave its callback as the error. */
function told(error) {
  if (error === null || (typeof error !== 'object' && typeof error !== 'function')) {
    return { kind: 'Error', name: 'Error', message: String(error) };
  }
  const kind = Object.keys(KNOWN).find((name) => error instanceof KNOWN[name]) || 'Error';
  const message = error.message === undefined ? JSON.stringify(error) : String(error.message);
  const subject = error.subject === undefined || error.subject === null ? null : String(error.subject) || null;
  return { kind, name: String(error.name || kind), message, subject, code: textOrNull(error.code) };
}

function textOrNull(value) {
  return typeof value === 'string' ? value : null;
}

module.exports = { ...KNOWN, told };
